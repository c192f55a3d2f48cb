"""Crawling a site again costs what has changed: pages that have not are neither sent nor embedded."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.acceptance.conftest import Scrapy, rows
from tests.sites.conditional import ConditionalSite, Exchange
from tests.sites.ordinary import FILLER
from tests.sites.server import Answer, page

OLD = "Mon, 01 Jun 2026 08:00:00 GMT"
NEWER = "Tue, 02 Jun 2026 08:00:00 GMT"


def tagged(title: str, links: tuple[str, ...] = (), head: str = "", **headers: str) -> Answer:
    """A page with the headers that are given, `_` for `-`."""
    made = page(title, f"{title} explains itself. {FILLER}", links, head)
    return Answer(made.body, headers={name.replace("_", "-"): value for name, value in headers.items()})


@pytest.fixture
def site() -> Iterator[ConditionalSite]:
    """A front page, and further ones that are reached through one another."""
    running = ConditionalSite(
        {
            "/": tagged("Front", ("/strong", "/weak", "/dated", "/alias", "/bare", "/going"), ETag='"f"'),
            "/strong": tagged("Strong", ("/deep",), ETag='"s"'),
            "/deep": tagged("Deep", ("/deeper",), ETag='"d"', Last_Modified=OLD),
            "/deeper": tagged("Deeper", ETag='"dd"'),
            "/weak": tagged("Weak", ETag='W/"w"'),
            "/dated": tagged("Dated", Last_Modified=OLD),
            "/alias": tagged("Named", (), '<link rel="canonical" href="/named">', ETag='"a"'),
            "/bare": tagged("Bare"),
            "/going": tagged("Going", ETag='"g"'),
        }
    )
    with running.serving():
        yield running


class Crawls:
    """Crawls of one site, one after the other."""

    def __init__(self, scrapy: Scrapy, site: ConditionalSite, database_url: str) -> None:
        self._scrapy = scrapy
        self._site = site
        self._database_url = database_url

    def __call__(self) -> dict[str, Exchange]:
        """Crawl once more and return what went on, by path; robots.txt is asked for once a day only."""
        self._site.exchanges.clear()
        crawled = self._scrapy("crawl", "website", "-a", f"url={self._site.url}")
        assert crawled.returncode == 0, crawled.stderr
        assert "Traceback" not in crawled.stderr
        return {one.path: one for one in self._site.exchanges}

    @property
    def counts(self) -> dict[str, int]:
        """How the latest ended."""
        [(counts,)] = rows(self._database_url, "select counts from sources")
        return dict(counts)

    @property
    def found(self) -> set[str]:
        """The paths of what can be found."""
        urls = rows(self._database_url, "select url from pages where gone_at is null")
        return {url.removeprefix(self._site.url) for (url,) in urls}

    def vectors(self) -> list[tuple[Any, ...]]:
        """Every vector's row, with the transaction that wrote it."""
        query = "select chunk_id, window_index, xmin::text from chunk_embeddings order by 1, 2"
        return rows(self._database_url, query)

    @property
    def unseen(self) -> set[str]:
        """The paths of stored pages that the latest did not note."""
        query = (
            "select p.url from pages p join sources s on s.id = p.source_id where p.crawl_id <> s.crawl_id"
        )
        return {url.removeprefix(self._site.url) for (url,) in rows(self._database_url, query)}


@pytest.fixture
def crawl(scrapy: Scrapy, site: ConditionalSite, database_url: str) -> Crawls:
    """Crawls the site at each call."""
    return Crawls(scrapy, site, database_url)


def test_what_has_not_changed_is_not_sent(crawl: Crawls, site: ConditionalSite) -> None:
    """From the second crawl on only changes are sent; links of unchanged pages lead on, and gone pages go."""
    first = crawl()
    assert all(not one.conditions for one in first.values())
    everything = {"/", "/strong", "/deep", "/deeper", "/weak", "/dated", "/named", "/bare", "/going"}
    assert crawl.found == everything
    vectors = crawl.vectors()

    second = crawl()
    sent_in_full = {path for path, one in second.items() if one.status == 200}
    assert sent_in_full == {"/alias", "/bare"}, "no validator, or one of another URL than the page's"
    unchanged = everything - {"/named", "/bare"}
    assert {path for path, one in second.items() if (one.status, one.body_bytes) == (304, 0)} == unchanged
    assert second["/weak"].conditions == {"If-None-Match": 'W/"w"'}
    assert second["/dated"].conditions == {"If-Modified-Since": OLD}
    assert second["/deep"].conditions == {"If-None-Match": '"d"', "If-Modified-Since": OLD}
    assert len(site.exchanges) == len(second), "each URL was asked for once"
    assert crawl.counts["unchanged"] == len(everything)
    assert "stored" not in crawl.counts
    assert crawl.vectors() == vectors, "not one window was embedded"
    assert crawl.found == everything

    site.routes["/deep"] = tagged("Deep again", ("/new",), ETag='"d2"', Last_Modified=NEWER)
    site.routes["/dated"] = tagged("Dated again", Last_Modified=NEWER)
    site.routes["/new"] = tagged("New", ETag='"n"')
    wordless = tagged("Weak").body.replace(b"</main>", b'<a href="/menu"></a></main>')
    site.routes["/weak"] = Answer(wordless, headers={"ETag": 'W/"w2"'})
    site.routes["/menu"] = tagged("Menu", ETag='"m"')
    del site.routes["/going"]
    third = crawl()
    assert {path for path, one in third.items() if one.status == 200} == {
        "/alias",
        "/bare",
        "/deep",
        "/dated",
        "/new",
        "/weak",
        "/menu",
    }
    assert crawl.counts["stored"] == 4, "all of these but /weak, whose text is the same"
    assert third["/going"].status == 404
    assert "/deeper" not in third, "nothing links to it any more"
    assert crawl.found == (everything | {"/new", "/menu"}) - {"/going", "/deeper"}

    fourth = crawl()
    assert fourth["/deep"].conditions == {"If-None-Match": '"d2"', "If-Modified-Since": NEWER}
    assert {path for path, one in fourth.items() if one.status == 200} == {"/alias", "/bare"}
    assert fourth["/menu"].status == 304, "the link is known although the text around it was not stored anew"
    assert crawl.counts["unchanged"] == len(crawl.found)


def test_a_304_that_cannot_be_believed(crawl: Crawls, site: ConditionalSite) -> None:
    """An odd 304 never makes a page unchanged: it is asked for in full, refused, or given up."""
    now = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    site.routes["/weak"] = tagged("Weak", Last_Modified=now)
    site.routes["/bare"] = tagged("Bare", ETag="*")
    crawl()
    site.instead["/strong"] = Answer(b"", None, 304, {"ETag": '"newer"'})
    site.instead["/deep"] = Answer(b"", None, 304, {"ETag": '"d"', "X-Robots-Tag": "noindex"})
    site.instead["/"] = Answer(b"", "text/html", 304, {"ETag": 'W/"f"', "Content-Encoding": "gzip"})
    site.always["/alias"] = Answer(b"", None, 304)
    second = crawl()
    asked = [(one.status, bool(one.conditions)) for one in site.exchanges if one.path == "/strong"]
    assert asked == [(304, True), (200, False)]
    assert not second["/weak"].conditions, "it may have changed after it was sent, within that second"
    assert not second["/bare"].conditions, "* is no entity tag: it would match whatever there is"
    assert second["/deeper"].status == 304, "a page that is not to be stored still leads on"
    assert "/" in crawl.found
    assert crawl.unseen == {"/deep", "/named"}
    assert crawl.counts["dead"] == 1


def test_pages_that_cannot_be_asked_for_conditionally(
    crawl: Crawls, site: ConditionalSite, database_url: str
) -> None:
    """A page of an older release, of another embedding or gone, or one that will expire, is sent in full."""
    site.routes["/dated"] = tagged(
        "Dated", (), '<meta name="robots" content="unavailable_after: 2199-01-01">', ETag='"e"'
    )
    crawl()
    changes = {
        "/strong": "links = null",
        "/weak": "embedding_scheme = 'another'",
        "/going": "gone_at = now()",
    }
    for path, change in changes.items():
        query = f"update pages set {change} where url = %s returning url"  # noqa: S608 - from the table above
        assert rows(database_url, query, site.url + path)
    second = crawl()
    assert {path for path, one in second.items() if one.status == 200 and path != "/robots.txt"} == {
        "/alias",
        "/bare",
        "/dated",
        *changes,
    }
    assert crawl.found >= set(changes)
    third = crawl()
    assert {path for path, one in third.items() if one.status == 200} == {"/alias", "/bare", "/dated"}
