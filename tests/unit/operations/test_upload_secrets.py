"""What a signed URL's query opens is shown to nobody: neither by a command nor in a log."""

from contextvars import copy_context
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from scrapy import Request

from alonchat_crawl.commands.dead_letters import _as_json, _row, _whole
from alonchat_crawl.fetch.request_context import RequestContext
from alonchat_crawl.frontier.dead_letters import DeadLetter, Failure
from alonchat_crawl.operations.logs.context import LogContext, facts_of, of_files
from alonchat_crawl.operations.logs.redaction import Redactor
from alonchat_crawl.operations.terminal.terminal_text import without_secrets
from alonchat_crawl.sources import Kind, Lease
from tests.support.knowledge import make_source

WORDY = "https://f.example/object/7?k=swordfish&page=2"

SIGNED = [
    "https://b.s3.example/k.pdf?X-Amz-Expires=60&X-Amz-Security-Token=hunter2&X-Amz-Signature=hunter2",
    "https://x.supabase.co/storage/v1/object/sign/b/k.pdf?token=hunter2",
    "https://a.blob.example/c/b.pdf?sv=2020&se=2026&sig=hunter2%3D",
    "https://d.cloudfront.example/x?Expires=1&Signature=hunter2~&Key-Pair-Id=hunter2",
    "https://storage.example/b/k?GoogleAccessId=me&X-Goog-Signature=hunter2",
    "https://user:hunter2@files.example/a.pdf",
]


@pytest.mark.parametrize("url", SIGNED)
@pytest.mark.parametrize("text", ["{}", '{{"url": "{}", "source_id": "a"}}', "GET {} failed", "{}#!/a/b.md"])
def test_no_signature_is_shown(text: str, url: str) -> None:
    """Alone, in a seed, in a sentence or before a member's name; the rest of the text stays."""
    for shown in (without_secrets(text.format(url)), Redactor().text(text.format(url))):
        assert "hunter2" not in shown
        assert "[hidden]" in shown
        assert "a/b.md" in shown or "a/b.md" not in text


def test_an_ordinary_query_is_shown() -> None:
    """What is no key stays readable."""
    assert without_secrets("https://e.org/?page=2&q=tea") == "https://e.org/?page=2&q=tea"


def upload_lease() -> Lease:
    """A lease on a file whose storage has keys that look like words."""
    source = replace(make_source(), kind="upload")
    return Lease("id", source, ("https://f.example",), "f.example", WORDY, Kind.FILE, 1, 1)


def test_the_log_knows_a_file_by_its_url_without_its_query() -> None:
    """Also where a key is a plain word; a web page keeps its query."""
    lease = upload_lease()
    assert facts_of(lease)["url"] == "https://f.example/object/7"
    assert (
        facts_of(Request(WORDY, meta=RequestContext(lease).as_meta()))["url"] == "https://f.example/object/7"
    )
    page = replace(lease, source=make_source())
    assert facts_of(Request(WORDY, meta=RequestContext(page).as_meta()))["url"] == WORDY


def test_what_is_said_during_an_upload_shows_no_query() -> None:
    """Whatever text an error brings, as long as the file is in work, and no longer."""
    redactor, context, lease = Redactor(of_files=of_files), LogContext(), upload_lease()

    def said() -> str:
        assert "swordfish" in redactor.text(f"{WORDY} failed")
        context.process_request(Request(WORDY, meta=RequestContext(lease).as_meta()))
        during = redactor.text(f"{WORDY} failed")
        context._end(lease)
        assert "swordfish" in redactor.text(f"{WORDY} failed")
        return during

    assert copy_context().run(said) == "https://f.example/object/7?[hidden] failed"


@pytest.mark.parametrize(
    ("details", "shown"),
    [
        ({"kind": int(Kind.FILE)}, False),
        ({"key": "upload:start_urls", "seed": WORDY}, False),
        ({"kind": int(Kind.PAGE)}, True),
        ({"key": "website:start_urls", "seed": WORDY}, True),
    ],
)
def test_a_dead_letter_of_a_file_shows_no_query(details: dict[str, object], shown: bool) -> None:  # noqa: FBT001
    """Its URL, its seed and what was told of each attempt; a page's harmless parameters stay."""
    failures = (Failure(datetime.now(UTC), "http 403", f"{WORDY} was refused"),)
    seed = str(details.get("seed", ""))
    letter = DeadLetter("0/1-1", "p", "s", "" if seed else WORDY, "http 403", failures, seed, details)
    for text in (_as_json(letter), str(_whole(letter)), str(_row(letter))):
        assert ("swordfish" in text) is shown
