"""One source from the terminal: what is stored of an ordinary site, and of the same site later."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.acceptance.conftest import Scrapy, rows
from tests.sites import ordinary
from tests.sites.server import Answer, Site, page


@pytest.fixture
def site() -> Iterator[Site]:
    """The ordinary site, running."""
    running = Site({})
    running.routes.update(ordinary.routes(running.url))
    with running.serving():
        yield running


def stored(database_url: str) -> dict[str, str]:
    """The text of each page that is not gone, by path."""
    query = (
        "select p.url, string_agg(c.content, '\n' order by c.position) from pages p "
        "join source_chunks c on c.page_id = p.id where p.gone_at is null group by p.url"
    )
    return {"/" + url.split("/", 3)[3]: text for url, text in rows(database_url, query)}


def test_an_ordinary_site_from_first_to_third_crawl(scrapy: Scrapy, database_url: str, site: Site) -> None:
    """Every page is stored once, in its own encoding; later crawls double nothing and note what changed."""
    arguments = (
        "crawl",
        "website",
        "-a",
        f"url={site.url}",
        "-a",
        "project=shop",
        "-a",
        "exclude=*/excluded/*",
    )
    first = scrapy(*arguments)
    assert first.returncode == 0, first.stderr
    assert "Traceback" not in first.stderr
    texts = stored(database_url)
    assert set(texts) == ordinary.STORED
    assert not ordinary.NEVER_FETCHED & set(site.paths)
    assert "5 € – “cheap”, naïve café" in texts["/windows-1252"]
    assert "これは日本語の文章です。" in texts["/shift-jis"]
    assert "Sechzehn Bits für Größe." in texts["/utf-16"]
    assert "Déjà vu à l’hôtel." in texts["/wrong-meta"]
    asked_once = {path for path in site.paths if path not in {"/flaky", "/robots.txt"}}
    assert sorted(path for path in site.paths if path in asked_once) == sorted(asked_once)
    assert site.paths.count("/robots.txt") == 1
    [(status, counts)] = rows(database_url, "select status, counts from sources")
    assert status == "completed"
    assert counts["stored"] >= len(ordinary.STORED)
    assert counts["dead"] == 2

    before = rows(database_url, "select id, content_sha256 from pages order by id")
    second = scrapy(*arguments)
    assert second.returncode == 0, second.stderr
    assert rows(database_url, "select id, content_sha256 from pages order by id") == before
    [(counts,)] = rows(database_url, "select counts from sources")
    assert counts.get("stored", 0) == 0
    assert counts["unchanged"] >= len(ordinary.STORED)

    del site.routes["/guide/install"]
    site.routes["/guide/"] = page(
        "Guide", f"A guide without installing. {ordinary.FILLER}", ("reset-password",)
    )
    site.routes["/sitemap.xml"] = Answer(ordinary.urlset(), "application/xml")
    third = scrapy(*arguments)
    assert third.returncode == 0, third.stderr
    gone = {"/guide/install", "/from-sitemap", "/from-gzip-sitemap"}
    texts = stored(database_url)
    assert set(texts) == ordinary.STORED - gone
    assert "A guide without installing." in texts["/guide/"]
    assert len(rows(database_url, "select from pages")) == len(ordinary.STORED)

    found = scrapy("search", "I forgot my password", "-a", "project=shop", "--json", "-n", "3")
    assert found.returncode == 0, found.stderr
    hits = [json.loads(line) for line in found.stdout.splitlines()]
    assert len(hits) == 3
    assert hits[0]["url"] == f"{site.url}/guide/reset-password"
    assert set(hits[0]) == {
        "score", "similarity", "url", "title", "heading_path", "content", "content_type", "language",
        "position", "before", "after", "signals",
    }  # fmt: skip


def test_limits(scrapy: Scrapy, database_url: str, site: Site) -> None:
    """max_pages is a cap on what is stored; max_depth on links followed."""
    capped = scrapy("crawl", "website", "-a", f"url={site.url}", "-a", "max_pages=4")
    assert capped.returncode == 0, capped.stderr
    assert len(stored(database_url)) == 4
    shallow = scrapy("crawl", "website", "-a", f"url={site.url}", "-a", "max_depth=0", "-a", "project=b")
    assert shallow.returncode == 0, shallow.stderr
    assert rows(database_url, "select count(*) from pages p join projects o on o.id = p.project_id "
                "where o.name = 'b'") == [(1,)]  # fmt: skip


def test_a_start_url_that_redirects_to_another_host(scrapy: Scrapy, database_url: str, site: Site) -> None:
    """The source is then the site at which the start URL ended."""
    front = Site({"/": Answer(b"", None, 301, {"Location": f"{site.url}/guide/"})}, "127.0.0.2")
    with front.serving():
        crawled = scrapy("crawl", "website", "-a", f"url={front.url}", "-a", "max_pages=2")
    assert crawled.returncode == 0, crawled.stderr
    urls = [url for (url,) in rows(database_url, "select url from pages")]
    assert len(urls) == 2
    assert all(url.startswith(f"{site.url}/") for url in urls), urls


@pytest.mark.parametrize(
    ("url", "variables", "said"),
    [
        ("http://127.0.0.1:9/", {}, "http://127.0.0.1:9/ cannot be crawled: it refused the connection"),
        ("http://no-such-host.invalid/", {}, "its host name could not be resolved"),
        ("example.com", {}, "'example.com' has no scheme: write https://example.com"),
        ("FORBIDDEN", {}, "its robots.txt forbids alonchatbot to fetch"),
        ("SITE/missing", {}, "it answered with HTTP status 404"),
        ("EMPTY", {}, "has no text"),
        ("SITE/", {"SSRF_ALLOWED_NETWORKS": ""}, "is not public: to crawl your own network"),
        ("SITE/", {"DATABASE_URL": "postgresql://u:hunter2@127.0.0.1:9/x"}, "DATABASE_URL cannot be used"),
        ("SITE/", {"REDIS_URL": "redis://:hunter2@127.0.0.1:9/0"}, "REDIS_URL cannot be used"),
        ("SITE/", {"METRICS_PORT": "PORT"}, "is in use"),
        ("SITE/", {"CRAWL_DELAY_SECONDS": "soon"}, "CRAWL_DELAY_SECONDS='soon' cannot be used"),
        ("SITE/", {"REDIS_URL": "http://:hunter2@h/"}, "REDIS_URL=(hidden) cannot be used"),
        ("SITE/", {"REDIS_URL": "", "ALONCHAT_DATA_DIR": "/dev/null/x"}, "/dev/null/x"),
    ],
)
def test_what_fails_is_told_in_one_sentence(
    scrapy: Scrapy, site: Site, url: str, variables: dict[str, str], said: str
) -> None:
    """A crawl that cannot be says why in one line, without a traceback or a password, and fails."""
    if url in {"FORBIDDEN", "EMPTY"}:
        forbids = url == "FORBIDDEN"
        site.routes["/robots.txt"] = Answer(b"User-agent: *\nDisallow: /\n" if forbids else b"", "text/plain")
        url = f"{site.url}/empty"
    url = url.replace("SITE", site.url)
    port = site.host.rpartition(":")[2]
    variables = {name: port if value == "PORT" else value for name, value in variables.items()}
    failed = scrapy("crawl", "website", "-a", f"url={url}", **variables)
    assert failed.returncode == 1, failed.stderr
    last = failed.stderr.strip().splitlines()[-1]
    assert said in last
    assert "Traceback" not in failed.stderr
    assert "hunter2" not in failed.stderr


def test_a_failure_is_told_once_on_a_terminal(environment: dict[str, str], tmp_path: Path) -> None:
    """The summary's headline has said it: no sentence repeats it below."""
    command = [sys.executable, "-m", "scrapy", "crawl", "website", "-a", "url=http://127.0.0.1:9/"]
    ours, theirs = os.openpty()
    with os.fdopen(ours, "rb", buffering=0) as screen:
        process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=theirs, stderr=theirs)
        os.close(theirs)
        shown = b""
        with suppress(OSError):  # EIO, once the process has closed the terminal
            while part := screen.read(65_536):
                shown += part
        assert process.wait(timeout=60) == 1
    assert shown.count(b"http://127.0.0.1:9/ failed: it refused the connection") == 1, shown
    assert shown.count(b"it refused the connection") == 1, shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-a", "url=https://e.org", "-a", "max_pages=none"), "max_pages"),
        (("-a", "url=https://e.org", "-a", "max_page=5"), "-a max_page= is not an argument"),
        (("-a", "project=x"), "no url"),
    ],
)
def test_bad_arguments(scrapy: Scrapy, arguments: tuple[str, ...], said: str) -> None:
    """A spider argument that cannot be used is named."""
    failed = scrapy("crawl", "website", *arguments)
    assert failed.returncode == 1
    assert said in failed.stderr.strip().splitlines()[-1]
    assert "Traceback" not in failed.stderr


def test_listing_is_quick_to_import(scrapy: Scrapy, tmp_path: Path) -> None:
    """`scrapy list` needs neither servers nor the model."""
    listed = scrapy("list", REDIS_URL="", DATABASE_URL="")
    assert listed.stdout.split() == ["upload", "website"]
    assert list(tmp_path.iterdir()) == []
