"""A question's words are marked in what answers it."""

import pytest

from alonchat_crawl.operations.terminal.marked_words import marked


@pytest.mark.parametrize(
    ("text", "question", "words"),
    [
        (
            "Restore a backup: backups restored",
            "how to restore backups?",
            "Restore backup backups restored",
        ),
        ("How the thing is", "how is the thing", "thing"),
        ("Geöffnete Tür", "GEÖFFNETE", "Geöffnete"),
        ("[bold]x[/bold]", "bold", "bold bold"),
        ("nothing here", "else", ""),
        ("x", "", ""),
    ],
)
def test_marked(text: str, question: str, words: str) -> None:
    """Other forms of a word count, common words do not; the text itself is not changed."""
    shown = marked(text, question)
    assert shown.plain == text
    assert " ".join(text[span.start : span.end] for span in shown.spans) == words
