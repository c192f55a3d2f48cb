"""What travels with a request, and what a copy of it may not take along."""

from dataclasses import FrozenInstanceError, fields, replace
from typing import Any

import pytest
from scrapy import Request
from scrapy.http import HtmlResponse, Response
from scrapy.utils.test import get_crawler

from alonchat_crawl.fetch.request_context import (
    META_KEY,
    NO_CONTEXT,
    RequestContext,
    context_of,
    lease_of,
    set_context,
)
from alonchat_crawl.policies.redirect_targets import MetaRefreshes, Redirects
from alonchat_crawl.sources import Hold, Kind, Lease
from tests.support.knowledge import make_source

URL, TARGET = "https://e.org/a", "https://e.org/b"
LEASE = Lease("1", make_source(), ("https://e.org",), "e.org", URL, Kind.PAGE, 0, 1, delay_seconds=2.0)
FULL = RequestContext(
    LEASE,
    hold=Hold("1", "e.org"),
    valid_until=5.0,
    signed_url=URL,
    throttle_delay_seconds=9.0,
    crawl_delay_seconds=3.0,
    sitemaps=("/s.xml",),
    obeys_tdm=True,
    tdm_reserved=False,
    sent_at=1.0,
)


@pytest.mark.parametrize("forged", ["x", True, {"lease": LEASE, "signed_url": URL}, [LEASE], None])
def test_nobody_else_can_make_one(forged: Any) -> None:
    """What a message or a command line can bring is of no such type, and is ignored."""
    request = Request(URL, meta={META_KEY: forged, "lease": LEASE, "storage": True})
    assert context_of(request) is NO_CONTEXT
    with pytest.raises(LookupError, match="belongs to no source"):
        lease_of(request)


def test_a_copy_shares_nothing() -> None:
    """What is learnt about a request says nothing about the one that it was copied from, or to."""
    first = Request(URL, meta=RequestContext(LEASE).as_meta())
    second = first.replace(url=TARGET)
    set_context(second, replace(context_of(second), sent_at=7.0))
    assert context_of(first).sent_at is None
    assert context_of(Response(TARGET, request=second)).sent_at == 7.0
    with pytest.raises(FrozenInstanceError):
        context_of(first).sent_at = 1.0  # type: ignore[misc]


def redirects() -> tuple[Request | Response, Request | Response]:
    """What a redirect and a meta refresh make of a request that carries all that there is."""
    crawler = get_crawler(settings_dict={"REFERER_ENABLED": False})
    asked = Request(URL, meta=FULL.as_meta())
    moved = Response(URL, status=301, headers={"Location": TARGET}, request=asked)
    page = f'<html><head><meta http-equiv="refresh" content="0;url={TARGET}"></head></html>'
    refresh = HtmlResponse(URL, body=page.encode(), request=asked)
    return (
        Redirects.from_crawler(crawler).process_response(asked, moved),
        MetaRefreshes.from_crawler(crawler).process_response(asked, refresh),
    )


def test_a_redirect_takes_no_rights_along() -> None:
    """Neither the signature nor the hold nor what was found out about the other URL; whose it is, it does."""
    kept = {"lease": LEASE, "valid_until": 5.0, "throttle_delay_seconds": 2.0}
    for redirected in redirects():
        assert isinstance(redirected, Request)
        assert redirected.url == TARGET
        context = context_of(redirected)
        for field in fields(RequestContext):
            expected = kept.get(field.name, field.default)
            assert getattr(context, field.name) == expected, field.name
