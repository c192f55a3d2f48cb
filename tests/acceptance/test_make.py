"""The Makefile's own words: what is typed reaches the program as it was typed."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.conftest import ROOT, rows
from tests.sites.ordinary import FILLER
from tests.sites.server import Site, page

Make = Callable[..., subprocess.CompletedProcess[str]]
STRANGE = "/a?x=$1&y='z'"


@pytest.fixture
def make(environment: dict[str, str]) -> Make:
    """Run make with this test's own environment in place of `.venv`."""
    del environment["PYTHONPATH"], environment["SCRAPY_SETTINGS_MODULE"]  # scrapy.cfg says it here

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        own = ("-s", "-o", ".venv/runtime", f"BIN={Path(sys.executable).parent}")
        return subprocess.run(
            ["make", *own, *words],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    return run


@pytest.fixture
def site() -> Iterator[Site]:
    """A front page, and a page whose URL a shell or make could spoil."""
    routes = {
        "/": page("Front", f"The price of the thing is $5, and --json is an option. {FILLER}"),
        "/a?x=%241&y=%27z%27": page("Strange", FILLER),
    }
    with Site(dict(routes)).serving() as running:
        yield running


def test_crawl_and_search(make: Make, site: Site, database_url: str) -> None:
    """The README's commands: a URL and questions with `$`, quotes and leading dashes arrive whole."""
    crawled = make("crawl", f"URL={site.url}", "PROJECT=a shop", "MAX_PAGES=1")
    assert crawled.returncode == 0, crawled.stderr
    assert "1 chunks stored" in crawled.stdout
    strange = make("crawl", f"URL={site.url}{STRANGE}", "MAX_DEPTH=0")
    assert strange.returncode == 0, strange.stderr
    assert (f"{site.url}/a?x=%241&y=%27z%27",) in rows(database_url, "select url from pages")

    for question in ("what's the price, $5?", "--json", 'the "price" of `things`'):
        found = make("search", f"Q={question}", "PROJECT=a shop", "JSON=1")
        assert found.returncode == 0, found.stderr
        [hit] = [json.loads(line) for line in found.stdout.splitlines()]
        assert hit["url"] == f"{site.url}/"
    read = make("search", "Q=the price", "PROJECT=a shop")
    assert read.returncode == 0
    assert "Front" in read.stdout


def test_what_could_not_be_fetched(
    make: Make, environment: dict[str, str], site: Site, tmp_path: Path
) -> None:
    """Piped, a failed crawl or upload prints its summary alone, headed by what failed and why."""
    crawled = make("crawl", f"URL={site.url}/gone")
    assert crawled.returncode != 0
    headline = " ".join(crawled.stdout.split("outcome")[0].split())
    assert headline == f"{site.url}/gone failed: it answered with HTTP status 404"
    assert "http 404 1" in crawled.stdout
    assert '{"' not in crawled.stdout
    file = tmp_path / "bad.pdf"
    file.write_bytes(b"%PDF-1.4 nonsense")
    environment["VIRUS_SCAN"] = "off"
    taken = make("upload", f"FILE={file}")
    assert taken.returncode != 0
    assert taken.stdout.startswith("bad.pdf failed: file malformed 1\n")


def test_what_is_missing_is_said(make: Make) -> None:
    """Without its variable a target says which; a project that is not there is named; help lists all."""
    assert "make crawl URL=https://example.com" in make("crawl").stderr
    assert 'make search Q="how do I' in make("search").stderr
    unknown = make("search", "Q=x", "PROJECT=nobody")
    assert unknown.returncode != 0
    assert "There is no project 'nobody'" in unknown.stderr
    listed = make("help").stdout
    assert all(
        f"\n{name} " in f"\n{listed}"
        for name in ("crawl", "search", "worker", "test", "check", "bench", "down")
    )
