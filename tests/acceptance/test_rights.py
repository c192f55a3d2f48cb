"""A whole crawl of a site that reserves the right to text and data mining."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.acceptance.conftest import Scrapy, rows
from tests.sites.ordinary import FILLER
from tests.sites.server import Answer, Site, page

RESERVED = {"tdm-reservation": "1"}


@pytest.fixture
def site() -> Iterator[Site]:
    """A site that reserves some of its pages in each of the protocol's ways."""
    paths = ("/free", "/by-file/a", "/by-file/free", "/by-header", "/by-meta", "/by-noai", "/text")
    routes = {
        "/.well-known/tdmrep.json": Answer(
            b'[{"location": "/by-file/", "tdm-reservation": 1}, {"location": "/", "tdm-reservation": 0}]',
            "application/json",
        ),
        "/": page("Front", FILLER, paths),
        "/free": page("Free", f"free {FILLER}"),
        "/by-file/a": page("File", f"file {FILLER}"),
        "/by-file/free": page(
            "Free again", f"again {FILLER}", head='<meta name="tdm-reservation" content="0">'
        ),
        "/by-header": Answer(page("Header", f"header {FILLER}").body, headers=RESERVED),
        "/by-meta": page("Meta", f"meta {FILLER}", head='<meta name="tdm-reservation" content="1">'),
        "/by-noai": page("No AI", f"noai {FILLER}", head='<meta name="robots" content="noai">'),
        "/text": Answer(f"text {FILLER}".encode(), "text/plain", headers=RESERVED),
    }
    with ExitStack() as running:
        yield running.enter_context(Site(dict(routes), "127.0.0.2").serving())


def test_obeyed(scrapy: Scrapy, site: Site, database_url: str) -> None:
    """What is reserved is not stored, by whichever way; what is free within it is."""
    crawled = scrapy("crawl", "website", "-a", f"url={site.url}", TDM_RESERVATION="obey")
    assert crawled.returncode == 0, crawled.stderr
    stored = {url.removeprefix(site.url) for (url,) in rows(database_url, "select url from pages")}
    assert stored == {"/", "/free", "/by-file/free"}
    assert site.paths[:3] == ["/robots.txt", "/.well-known/tdmrep.json", "/"]
    assert site.paths.count("/.well-known/tdmrep.json") == 1
    [(counts,)] = rows(database_url, "select counts from sources")
    assert counts == {"stored": 3, "refused": 5}
