"""Where a page is cut, and where not although it could be."""

import pytest

from alonchat_crawl.extract.chunks.chunking import chunk
from alonchat_crawl.extract.markdown.writer import write

CAPACITY = 400
MINIMUM = 60
TEXT = "Some words that say something about it. " * 4


def contents(markdown: str) -> list[str]:
    """Return the chunks' texts."""
    return [piece.content for piece in chunk(markdown, "", CAPACITY, MINIMUM)]


def fence(size: int) -> str:
    """Return a fence of `size` bytes."""
    lines = (f"call_it({n:04})" for n in range(1000))
    text = "```\n"
    while len(text) + len(line := next(lines)) + 4 < size:
        text += f"{line}\n"
    return f"{text}```"


@pytest.mark.parametrize("before", range(0, 400, 23))
def test_a_block_that_fits_is_whole(before: int) -> None:
    """A fence no larger than a chunk is in one piece, whatever stands before it."""
    block = fence(300)
    found = contents(f"{'w ' * (before // 2)}\n\n{block}\n\n{TEXT}")
    assert sum(block in content for content in found) == 1
    assert sum(content.count("```") for content in found) == 2


@pytest.mark.parametrize("before", range(0, 400, 23))
def test_a_table_that_fits_is_whole(before: int) -> None:
    """So is a table, and its head is not repeated."""
    table = "| Name | Value |\n| --- | --- |\n" + "\n".join(f"| n{n} | v{n} |" for n in range(18))
    found = contents(f"{'w ' * (before // 2)}\n\n{table}\n\n{TEXT}")
    assert sum(table in content for content in found) == 1


def test_a_block_that_does_not_fit_with_its_heading() -> None:
    """A heading is never left behind: where its block fits without it alone, the block is cut."""
    found = contents(f"{TEXT}\n\n# A heading of a line\n\n{fence(398)}")
    assert found[1].startswith("# A heading of a line\n\n```\ncall_it(0000)")
    assert found[1].endswith("\n```")
    assert found[2].startswith("```\ncall_it(")


def test_what_leads_to_a_block_stays_with_it() -> None:
    """A line that ends with a colon, or serves as a heading, begins the chunk of what it speaks of."""
    for lead in (
        "As in this one:",
        "**An example**",
        "2. Permissions.",
        "Section IV",
        "NO WARRANTY",
        "1.2 It",
    ):
        found = contents(f"{TEXT}\n\n{lead}\n\n{TEXT}\n\n{TEXT}")
        assert found[1].startswith(lead) or lead.endswith(":")
        assert not any(content.endswith(lead) for content in found)


def test_a_large_table_in_a_quote() -> None:
    """Its head is repeated with the quote's marks, a list's mark is not."""
    rows = [f"| n{n} | value {n} |" for n in range(60)]
    for first, further in (("> ", "> "), ("- ", "  ")):
        lines = [f"{further}{line}" for line in ("| a | b |", "| --- | --- |", *rows)]
        markdown = first + "\n".join(lines)[len(first) :]
        found = contents(markdown)
        assert len(found) > 3
        repeated = [line.removeprefix("  ") for line in lines[:2]]  # alone it is no list
        assert all(content.startswith("\n".join(repeated) + "\n") for content in found[1:])


def test_sections_are_preferred() -> None:
    """A page is cut before a heading of the highest level that a chunk reaches, not where it is full."""
    section = f"## Part\n\n{TEXT}"
    found = contents(f"# One\n\n{TEXT}\n\n# Two\n\n{section}\n\n{section}\n\n# Three\n\n{section}")
    assert [content.splitlines()[0] for content in found] == ["# One", "# Two", "# Three"]


def test_a_tiny_rest_joins_its_own() -> None:
    """A section too small to stand alone joins what is nearest to it in the structure."""
    found = contents(f"# One\n\n{TEXT}{TEXT}\n\n## Tiny\n\nrest\n\n# Two\n\n{TEXT}")
    assert [content.splitlines()[0] for content in found] == ["# One", "# Two"]


@pytest.mark.parametrize(
    "markdown",
    [
        "\\[only]: http://a.definition/",
        "```",
        "```\n",
        "#",
        "- ",
        ">",
        "| a |\n|---|",
        "\n\n  text\n\n",
        "text\r\rmore",
        "***",
    ],
)
def test_odd_pages(markdown: str) -> None:
    """A page of which a renderer shows little is one chunk of all of it; one without text makes none."""
    markdown = write(markdown).markdown
    chunks = chunk(markdown, "", CAPACITY, MINIMUM)
    assert [piece.content for piece in chunks] == ([markdown] if markdown else [])


def test_an_empty_page() -> None:
    """White space alone makes no chunk."""
    assert chunk("", "", CAPACITY, MINIMUM) == chunk(" \n\n\t", "", CAPACITY, MINIMUM) == ()


@pytest.mark.parametrize(
    "hostile",
    [
        *(
            "# ",
            "# \n",
            "# a\n",
            ">",
            "> > \n",
            "- ",
            "- a\n  ",
            "```\n",
            "~~~\n> ",
            "|\n|-\n",
            "|a|\n|-|\n\n",
        ),
        *("[", "[a](b ", "*a_ ", "<a ", "`", "x", "ü", "\n", ". ", "&#1;", "\\", "[a]: b\n", "1. \n\n", "|"),
    ],
)
def test_much_of_the_same(hostile: str) -> None:
    """Marks without end are cut like any text, into chunks that fit."""
    markdown = write(hostile * 3000).markdown
    for text in (markdown, f"```python\n{markdown}"):
        chunks = chunk(text, "", 2048, 200)
        # What is cut in the middle of marks has to be escaped once more.
        assert all(len(piece.content.encode()) <= 2048 + 8 for piece in chunks)
        covered = "".join("".join(text[piece.start : piece.end].split()) for piece in chunks)
        assert covered == "".join(text.split())
