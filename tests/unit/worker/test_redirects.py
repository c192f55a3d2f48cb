"""Where redirects lead, and where nobody is sent."""

import pytest
from scrapy import Request

from alonchat_crawl.sources import Ending, Kind, Lease, Link
from alonchat_crawl.worker.redirects import redirected
from tests.unit.policies.test_scope import HOST, source


@pytest.mark.parametrize(
    ("target", "kind", "hops", "found"),
    [
        (f"https://{HOST}/b", Kind.PAGE, 0, f"https://{HOST}/b"),
        (f"HTTPS://{HOST.upper()}./b#c", Kind.PAGE, 0, f"https://{HOST}/b"),
        ("https://elsewhere.test/", Kind.PAGE, 0, "refused scope"),
        ("https://elsewhere.test/", Kind.START, 0, "https://elsewhere.test/"),
        (f"https://user:hunter2@{HOST}/b", Kind.PAGE, 0, "refused credentials"),
        (f"https://@{HOST}/b", Kind.START, 0, "refused credentials"),
        (f"https://{HOST}@elsewhere.test/", Kind.START, 0, "refused credentials"),
        ("file:///etc/passwd", Kind.START, 0, "refused scheme"),
        ("ftp://elsewhere.test/", Kind.START, 0, "refused scheme"),
        ("data:text/html,x", Kind.START, 0, "refused scheme"),
        (f"https://{HOST}/b", Kind.PAGE, 10, "dead redirects"),
    ],
)
def test_redirected(target: str, kind: Kind, hops: int, found: str) -> None:
    """A target is canonical and within the source, or is told why not; no password is told with it."""
    lease = Lease("id", source(), (f"https://{HOST}",), HOST, f"https://{HOST}/a", kind, 0, 1, hops)
    link = redirected(lease, Request(target), 10)
    if isinstance(link, Link):
        assert (link.url, link.hops) == (found, hops + 1)
    else:
        assert isinstance(link, Ending)
        assert f"{link.outcome} {link.reason}" == found
        assert "hunter2" not in link.detail
