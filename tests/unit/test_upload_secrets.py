"""What a signed URL's query opens is shown to nobody: neither by a command nor in a log."""

import pytest

from alonchat_crawl.commands.desk import hidden
from alonchat_crawl.operations.redaction import Redactor

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
    for shown in (hidden(text.format(url)), Redactor().text(text.format(url))):
        assert "hunter2" not in shown
        assert "[hidden]" in shown
        assert "a/b.md" in shown or "a/b.md" not in text


def test_an_ordinary_query_is_shown() -> None:
    """What is no key stays readable."""
    assert hidden("https://e.org/?page=2&q=tea") == "https://e.org/?page=2&q=tea"
