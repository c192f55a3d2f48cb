"""A page's own word on itself is read, and nonsense is left out."""

from datetime import UTC, datetime

import pytest

from alonchat_crawl.extract.html.metadata import Metadata, metadata
from alonchat_crawl.extract.html.parse import parse


def read(html: str) -> Metadata:
    """Return what a page says."""
    return metadata(parse(html))


def ld(json: str) -> str:
    """Return JSON-LD in its script."""
    return f'<script type="application/ld+json">{json}</script>'


@pytest.mark.parametrize(
    "html",
    [
        ld('{"@type":"Article","datePublished":"2024-05-06"}'),
        ld('[{"@graph":[{"datePublished":"2024-05-06T00:00:00Z"}]}]'),
        "<meta property=article:published_time content=2024-05-06>",
        "<meta itemprop=datePublished content='2024-05-06 00:00:00 +0000'>",
        "<time pubdate datetime=2024-05-06>May</time>",
        "<article><time datetime=2024-05-06T02:00+02:00>May</time></article>",
        ld("{broken") + "<meta name=date content=soon><meta name=dc.date content=2024-05-06>",
    ],
)
def test_published(html: str) -> None:
    """JSON-LD, meta tags and <time> give an aware date; what is malformed is passed over."""
    assert read(html).published_at == datetime(2024, 5, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    "date", ["", "soon", "0001-01-01", "1899-12-30", "9999-12-31T23:59:59-12:00", "2024-13-01", "1" * 100]
)
def test_impossible_dates(date: str) -> None:
    """What is no date, or cannot be a web page's, is none."""
    assert read(f"<meta name=date content='{date}'>").published_at is None


def test_modified() -> None:
    """The date of change is kept, unless it is before the page's own."""
    published = "<meta name=date content=2024-05-06>"
    assert read(published + "<meta property=og:updated_time content=2024-05-07>").modified_at == datetime(
        2024, 5, 7, tzinfo=UTC
    )
    assert read(published + "<meta property=og:updated_time content=2024-05-05>").modified_at is None


def test_description() -> None:
    """The description is one clean line of bounded length."""
    assert read("<meta name=description content=' a\n b\u202e '>").description == "a b"
    assert read("<meta property=og:description content=o>").description == "o"
    assert len(read(f"<meta name=description content='{'x' * 5000}'>").description) == 500


@pytest.mark.parametrize(
    ("lang", "expected"), [("en", "en"), ("pt-BR", "pt"), ("zh_Hans_CN", "zh"), ("", ""), ("english", "")]
)
def test_language(lang: str, expected: str) -> None:
    """The lang attribute's first part counts where it is a code of two letters."""
    assert read(f"<html lang='{lang}'>").language == expected


def test_hostile_json() -> None:
    """JSON nested beyond measure is passed over."""
    assert read(ld("[" * 100_000)) == Metadata()
    assert read(ld("[" * 900 + "]" * 900)) == Metadata()
