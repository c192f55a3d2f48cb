"""Pages that are longer than may be stored: where they are cut, and that they say so."""

import pytest
from markdown_it import MarkdownIt

from alonchat_crawl.extract.markdown.shortening import shortened
from alonchat_crawl.extract.markdown.writer import write

PARAGRAPH = "Each of these sentences says something about the product. " * 4
RENDERER = MarkdownIt("commonmark", {"html": True}).enable("table")


def split(markdown: str, max_chars: int) -> tuple[str, str, int]:
    """Cut; return what is kept, the note, and how much is gone."""
    text, gone = shortened(markdown, max_chars)
    kept, note = text.rsplit("\n\n", 1)
    return kept, note, gone


def test_what_fits_stays() -> None:
    """A page of exactly as many characters as may be is not touched."""
    markdown = f"# Title\n\n{PARAGRAPH}"
    assert shortened(markdown, len(markdown)) == (markdown, 0)


def test_cut_between_blocks() -> None:
    """Whole blocks are kept, up to the one that would be too much; the note states the limit and the size."""
    markdown = "\n\n".join(f"## Part {number}\n\n{PARAGRAPH.strip()}" for number in range(50))
    kept, note, gone = split(markdown, 3000)
    assert markdown.startswith(f"{kept}\n\n")
    assert 2500 < len(kept) <= 3000
    assert note == f"… cut after {len(kept)} characters of {len(markdown)}."
    assert gone == len(markdown) - len(kept)


@pytest.mark.parametrize(
    ("markdown", "end"),
    [
        ("```python\n" + "value = 1\n" * 500 + "```", "value = 1\n```"),
        ("~~~~\n" + "```\n" * 500 + "~~~~", "```\n````"),
        ("| a | b |\n| --- | --- |\n" + "| one | two |\n" * 500, "| one | two |"),
        ("- an item of a list\n" * 500, "- an item of a list"),
        ("- an item\n\n      code\n" + "      code\n" * 500, "code\n```"),
        ("word " * 2000, "word"),
        ("x" * 9000, "x"),
        ("- text before\n\n  ```\n" + "  code\n" * 500 + "  ```", "code\n```"),
        ("> text before\n>\n> ~~~\n" + "> code\n" * 500 + "> ~~~", "code\n```"),
    ],
    ids=[
        "fence",
        "fence in fence",
        "table",
        "list",
        "code",
        "line",
        "word",
        "fence in list",
        "fence in quote",
    ],
)
def test_one_large_block(markdown: str, end: str) -> None:
    """A block of more than half of what may be kept is cut at a line's or word's end; no fence stays open."""
    kept, note, _ = split(write(markdown).markdown, 1000)
    assert kept.endswith(end)
    assert len(kept) <= 1010
    rendered = RENDERER.render(f"{kept}\n\n{note}")
    assert rendered.rstrip().endswith(f"<p>{note}</p>")


@pytest.mark.parametrize(
    "whole",
    [
        "text `and <img src=x onerror=alert(1)>\n{more}` end",
        "[a link <b>{more}\n](https://example.com/)",
        "``` text\n<script>alert(1)</script>\n{more}\n```",
        "one ``<svg onload=alert(1)>\n{more}`` two",
    ],
)
def test_what_is_cut_open_stays_inert(whole: str) -> None:
    """What was harmless because of what closed it is made so again where that is cut off."""
    markdown = write(whole.format(more="and more text\n" * 500)).markdown
    text, gone = shortened(markdown, 600)
    assert gone
    assert not any(
        token.type in {"html_inline", "html_block"}
        for block in RENDERER.parse(text)
        for token in (block, *(block.children or ()))
    )


def test_every_limit() -> None:
    """Whatever the limit, what is kept is no longer, and is the page's own beginning or ends in a fence."""
    blocks = ["# T", PARAGRAPH, "```\ncode\n\nmore\n```", "- one\n- two", "| a |\n| --- |\n| b |", PARAGRAPH]
    markdown = "\n\n".join(blocks)
    for most in range(1, len(markdown)):
        kept, _, gone = split(markdown, most)
        assert len(kept) <= most + 16
        assert gone == len(markdown) - len(kept)
        assert write(kept).markdown == kept
        words = kept.replace("```", " ").split()
        assert words == markdown.replace("```", " ").split()[: len(words)] or len(kept) < 2 * len("```\ncode")
