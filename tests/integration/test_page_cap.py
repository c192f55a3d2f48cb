"""The most that is stored of a page, through the real stage and its parsers."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from scrapy.signalmanager import SignalManager

from alonchat_crawl.items import Page, Provenance
from alonchat_crawl.sandbox.pool import Sandbox
from pipelines.sanitise import CUT, Sanitise

MAX_CHARS = 5000
SENTENCE = "This sentence is about the settings of the product, and how they are changed. "


@pytest.fixture
async def stage() -> AsyncIterator[Sanitise]:
    """The stage, with a low cap."""
    sandbox = Sandbox(1, 512, 20)
    yield Sanitise(SignalManager(), sandbox, MAX_CHARS)
    await sandbox.close()


def page_of(text: str, media_type: str, name: str = "") -> Page:
    """Return a page, or a file, as the spiders make them."""
    url = "http://example.com/docs/"
    provenance = Provenance(url, url, uuid4(), uuid4(), uuid4(), datetime.now(UTC))
    return Page(provenance, media_type, text, name=name)


@pytest.mark.parametrize(
    ("text", "media_type", "name"),
    [
        (f"<main>{f'<p>{SENTENCE * 3}</p>' * 200}</main>", "text/html", ""),
        ("<main><p>" + SENTENCE * 200 + "</p></main>", "text/html", ""),
        (f"{SENTENCE * 3}\n\n" * 200, "text/plain", "notes.txt"),
        ("| a | b |\n| --- | --- |\n" + "| one | two |\n" * 2000, "text/markdown", "table.csv"),
        ("value = 1\n" * 2000, "text/x-python", "values.py"),
    ],
    ids=["page", "one paragraph", "file", "table", "code"],
)
async def test_what_is_too_long_is_cut(stage: Sanitise, text: str, media_type: str, name: str) -> None:
    """A page or file of any type is kept up to the cap; its end says so, and its record how much is gone."""
    clean = await stage.process_item(page_of(text, media_type, name))
    kept, note = clean.markdown.rsplit("\n\n", 1)
    gone = clean.removed[CUT]
    assert MAX_CHARS / 2 <= len(kept) <= MAX_CHARS + 4
    assert note == f"… cut after {len(kept)} characters of {len(kept) + gone}."
    whole = await stage.process_item(page_of(text[: MAX_CHARS // 4], media_type, name))
    assert CUT not in whole.removed
    assert "… cut after" not in whole.markdown
