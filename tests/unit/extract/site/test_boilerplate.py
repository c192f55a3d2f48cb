"""What repeats on a site's pages is learnt and left out; nothing else is lost."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from alonchat_crawl.extract.markdown.writer import write
from alonchat_crawl.extract.site import boilerplate
from alonchat_crawl.extract.site.boilerplate import PAGES_MIN, Boilerplate

SHARED = "Subscribe to our newsletter."


def pages(number: int, shared: str = SHARED) -> list[str]:
    """Return pages that differ but for one block."""
    return [f"# Page {index}\n\nText {index}.\n\n{shared}\n\nMore {index}." for index in range(number)]


def test_repeated_blocks_go() -> None:
    """From the page after the PAGES_MIN-th on, a block of all pages is gone, and only it."""
    learner = Boilerplate()
    results = [learner.without("a", *write(page)) for page in pages(PAGES_MIN + 1)]
    assert results[:PAGES_MIN] == [(page, 0) for page in pages(PAGES_MIN)]
    assert results[-1] == (f"# Page {PAGES_MIN}\n\nText {PAGES_MIN}.\n\nMore {PAGES_MIN}.", 1)


@pytest.mark.parametrize("block", ["## Usage", "```\nmake install\n```"])
def test_headings_and_code_stay(block: str) -> None:
    """Headings and code repeat in good documentation: they are never boilerplate."""
    learner = Boilerplate()
    assert all(learner.without("a", *write(page)) == (page, 0) for page in pages(20, block))


@pytest.mark.parametrize("block", ["- one\n- two", "| a | b |\n| --- | --- |\n| 1 | 2 |", "> quoted"])
def test_whole_blocks(block: str) -> None:
    """Lists, tables and quotations go as a whole."""
    learner = Boilerplate()
    last = [learner.without("a", *write(page)) for page in pages(PAGES_MIN + 1, block)][-1]
    assert last == (f"# Page {PAGES_MIN}\n\nText {PAGES_MIN}.\n\nMore {PAGES_MIN}.", 1)


def test_rare_blocks_stay() -> None:
    """A block on fewer than half of the pages stays, on however many it stands."""
    learner = Boilerplate()
    for number in range(90):
        page = f"Text {number}." + (f"\n\n{SHARED}" if number % 3 == 0 else "")
        assert learner.without("a", *write(page)) == (page, 0)


def test_never_empty() -> None:
    """A page of nothing but boilerplate keeps it."""
    learner = Boilerplate()
    assert all(learner.without("a", *write(f"# T\n\n{SHARED}")) == (f"# T\n\n{SHARED}", 0) for _ in range(20))


def test_sources_are_apart() -> None:
    """What repeats in one source says nothing of another."""
    learner = Boilerplate()
    for page in pages(20):
        learner.without("a", *write(page))
    assert learner.without("b", *write(pages(1)[0])) == (pages(1)[0], 0)


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither sources nor blocks are kept without end; the ones seen last stay."""
    monkeypatch.setattr(boilerplate, "SOURCES_MAX", 3)
    monkeypatch.setattr(boilerplate, "BLOCKS_MAX", 10)
    learner = Boilerplate()
    for number in range(10):
        learner.without(number, *write("\n\n".join(f"Text {number} {index}." for index in range(20))))
    assert list(learner._sources) == [7, 8, 9]
    assert all(len(learnt.counts) == 10 for learnt in learner._sources.values())


def test_threads() -> None:
    """Pages from several threads are all counted."""
    learner = Boilerplate()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda page: learner.without("a", *write(page)), pages(200)))
    assert learner._sources["a"].pages == 200
