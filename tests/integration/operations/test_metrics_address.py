"""Where a crawl's metrics are served: METRICS_HOST and METRICS_PORT, in crawls in a process of their own."""

import socket

import pytest

from tests.sites.watching import crawl, lines

pytestmark = pytest.mark.slow


def test_port_in_use_stops_the_crawl_before_it_starts() -> None:
    """One port, taken: the sentence reaches whoever started the crawl, and no page is fetched."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = crawl({"paths": ["/a"], "settings": {"METRICS_PORT": str(port)}})
        assert ran.returncode == 1
        assert (
            f"METRICS_PORT={port} is in use on 127.0.0.1: choose another or a range such as 9410-9509."
            in ran.stderr
        )
        assert "Spider opened" not in ran.stderr
        ran = crawl({"paths": ["/a"], "settings": {"METRICS_PORT": f"{port}-{port}"}})
        assert "every port of it is in use" in ran.stderr
        # Both ends of the sentence: a range that has a free port goes on.
        ran = crawl({"paths": ["/a"], "settings": {"METRICS_PORT": f"{port}-{port + 20}"}})
        assert ran.returncode == 0


@pytest.mark.parametrize("host", ["203.0.113.1", "no such host"])
def test_foreign_host_stops_the_crawl(host: str) -> None:
    """A METRICS_HOST that is not this machine is named in the sentence."""
    ran = crawl({"settings": {"METRICS_HOST": host}})
    assert ran.returncode == 1
    assert f"METRICS_HOST={host}, METRICS_PORT=9410-9509 cannot be listened on" in ran.stderr


def test_metrics_of_ipv6_host_have_a_usable_url() -> None:
    """An IPv6 address stands in brackets."""
    said = lines(crawl({"settings": {"METRICS_HOST": "::1"}}).stderr)
    assert any(line["event"].startswith("metrics on http://[::1]:") for line in said)
