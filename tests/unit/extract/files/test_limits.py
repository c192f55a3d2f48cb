"""Long files are cut where words end, text stays text, and tables are told apart from text."""

import pytest
from markdown_it import MarkdownIt
from selectolax.lexbor import LexborHTMLParser

from alonchat_crawl.extract.document import extract_markdown
from alonchat_crawl.extract.files.delimited import sniff_delimiter
from alonchat_crawl.extract.files.document_writer import DocumentWriter, FullError
from alonchat_crawl.extract.files.read import read_file
from tests.support.files.expected import READ
from tests.support.files.good import GOOD
from tests.support.files.office import docx, par
from tests.support.files.pdf import lines, pdf

UNFORESEEN = frozenset({"pdf", "xlsx"})
"""Of them the beginning alone does not tell which lines repeat on every page, or how wide a table is."""


@pytest.mark.parametrize("kind", READ)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_long_file_is_cut(kind: str, share: float) -> None:
    """Its beginning is read, up to the end of a word or line, and it says that there was more."""
    name, make = GOOD[kind]
    whole = READ[kind][2]
    most = int(share * len(whole))
    found = read_file(make(), name, most)
    assert found.truncated
    assert found.note.startswith("… cut after ")
    assert found.left_out
    assert 0 < len(found.text) <= most
    if kind not in UNFORESEEN:
        assert whole.startswith(found.text)
        assert not whole[len(found.text) - 1 : len(found.text) + 1].isalnum()


@pytest.mark.parametrize("kind", READ)
def test_a_file_of_just_the_size_is_whole(kind: str) -> None:
    """The last character still fits."""
    name, make = GOOD[kind]
    found = read_file(make(), name, len(READ[kind][2]))
    assert (found.text, found.truncated) == (READ[kind][2], False)
    assert (found.note, found.left_out) == ("", {})


SHOWN = (
    *("<script>alert(1)</script>", "&lt;b&gt;", "# no heading", "1. no list", "- no list", "> no quote"),
    *("*no* __emphasis__", "`no code`", "[no](http://link.example)", "![no](http://image.example)", "a | b"),
    *(
        "--- no rule",
        "~~~ x",
        "``` x",
        "\\x",
        "1) x",
        "+ 1",
        "= 2",
        "[no]: http://x.example",
        "a\\*b",
        "<http://x>",
    ),
)
LISTS_OF_PDF = ("- no list", "1. no list", "1) x")


@pytest.mark.parametrize("shown", SHOWN)
def test_text_stays_text(shown: str) -> None:
    """What a document or a PDF shows is what a reader of the Markdown sees, character for character."""
    for markdown in _both(shown):
        tree = LexborHTMLParser(MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown))
        assert tree.body is not None
        assert tree.body.text().strip() == shown
        assert {node.tag for node in tree.css("body *")} == {"p"}


@pytest.mark.parametrize("shown", [text for text in SHOWN if "<" in text and "&" not in text])
def test_angle_brackets_arrive_in_the_store(shown: str) -> None:
    """The sanitiser takes them for what they are: text."""
    for markdown in _both(shown):
        stored = extract_markdown(markdown, "https://x.example/").markdown
        tree = LexborHTMLParser(MarkdownIt("commonmark", {"html": True}).render(stored))
        assert tree.body is not None
        assert tree.body.text().strip().strip("<>") == shown.strip("<>")
        assert not tree.css("script")


def _both(shown: str) -> list[str]:
    files = [(docx(par(shown.replace("&", "&amp;").replace("<", "&lt;"))), "x.docx")]
    if shown not in LISTS_OF_PDF:  # there, nothing else tells a list
        files.append((pdf([lines([shown])]), "x.pdf"))
    return [read_file(body, name, 1000).text for body, name in files]


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b\n1,2\n", ","),
        ("a;b\n1,5;2,5\n", ";"),
        ("a\tb\n1,2\t3\n", "\t"),
        ("a|b|c\n1|2|3\n", "|"),
        ('"a;b",c\n"d;e",f\n', ","),
        ("alone\nagain\n", ","),
        ("", ","),
        ("a,b,c\n1;2,3\n4,5,6\n", ","),
    ],
)
def test_the_delimiter_is_found(text: str, delimiter: str) -> None:
    """The one that makes rows of the same width separates the cells."""
    assert sniff_delimiter(text) == delimiter


def test_a_list_nests_no_deeper_than_its_parents() -> None:
    """An item far to the right of its parent would be code."""
    text = DocumentWriter(1000)
    for depth in (3, 3, 9, 0):
        text.item(depth, None, "x")
    text.paragraph("y")
    text.item(1, 7, "z")
    assert str(text) == "- x\n    - x\n        - x\n- x\n\ny\n\n7. z"


def test_a_full_text_takes_no_more() -> None:
    """It is at most as long as it may be, and whoever adds to it is told."""
    text = DocumentWriter(12)
    text.paragraph("one two")
    with pytest.raises(FullError):
        text.paragraph("three four")
    assert str(text) == "one two"
