"""Stored Markdown is written from a tree: inert, a fixed point, and with all the words of its source."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from alonchat_crawl.extract.chunks.chunking import chunk
from alonchat_crawl.extract.markdown.inline import DEEPEST_MARKS, InlineText
from alonchat_crawl.extract.markdown.writer import write
from tests.support.rendering import active
from tests.unit.extract.html.test_to_markdown import NASTY

HTML = MarkdownIt("commonmark", {"html": True}).enable("table")
SHOWN = MarkdownIt("commonmark", {"html": False}).enable("table")  # raw HTML is shown as text
SHOWN.validateLink = bool  # type: ignore[method-assign, assignment]
INLINE = re.compile(r"</?(?:a|em|strong|code)\b[^>]*>|<img [^>]*alt=\"([^\"]*)\"[^>]*>")
MARKS = st.text(alphabet="#->`~|*_[]()<!:=+1.&;@/ \n\t\\aé字😀\u0301", max_size=120)


def written(markdown: str) -> str:
    """Write it once."""
    return write(markdown).markdown


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        # A fence in what one parser takes for HTML: text is escaped after blocks were found, never before.
        (
            "<a>\n```\n\n```\n<b>\n~~~\n\n~~~\n<img src=x>",
            "&lt;a>\n&#96;&#96;&#96;\n\n```\n<b>\n~~~\n\n~~~\n<img src=x>\n```",
        ),
        ("[a\nb]: javascript:x\n\nclick [a b]", "\\[a\nb\\]\\: javascript:x\n\nclick a b"),
        ("``` a | b |\n| --- | --- |\n| <i> | x |", "| b |\n\n```a\n| --- | --- |\n| <i> | x |\n```"),
        ("```\n<img src=x>", "```\n<img src=x>\n```"),
        ("```html\na\n````\n", "```html\na\n```"),
        ("~~~\n```\n~~~", "````\n```\n````"),
        ("    code", "```\ncode\n```"),
        ("- a\n\n  ```\n  <b>\n  ```\n\n  more\n- c", "- a\n\n```\n<b>\n```\n\nmore\n\n- c"),
        ("> a\n>\n> ```\n> <b>\n> ```\n>\n> c", "> a\n\n```\n<b>\n```\n\n> c"),
        ("3. a\n   ```\n   x\n   ```\n7. b", "3. a\n\n```\nx\n```\n\n7. b"),
        ("2024.", "2024\\."),
        ("T\n===\n\nt\n---", "# T\n\n## t"),
        ("# a \\#", "# a \\#"),
        ("<script>x</script> <!-- c -->", "&lt;script>x&lt;/script> &lt;!-- c -->"),
        ('![alt](i.png) [x](ftp://h) [y](http://h/a(b) "t")', "alt x [y](http://h/a%28b%29)"),
        ("<http://h/a_b> <me@h.org> <javascript:x>", "http://h/a_b me@h.org javascript:x"),
        ("a<http://h>b <http://h>. *<http://h><http://h>*", "a http://h b http://h. *http://h http://h*"),
        ("s3://h and https://h", "s3\\://h and https://h"),
        ("`<b>` `a|b` `` a`b `` http://h/`<b>`", "&lt;b> `a|b` a&#96;b http://h/&lt;b>"),
        (
            "| a | b |\n|--|:-:|\n| `<a\\|b>` | `a\\|b` |",
            "| a | b |\n| --- | --- |\n| &lt;a\\|b> | `a\\|b` |",
        ),
        ("wow![x](http://h)", "wowx"),
        # What showdown makes of a table's head, of a rule and of these quotes at a document's start.
        ('| a" | `"` |\n|--|--|\n| " | `"` |', '| a&quot; | &quot; |\n| --- | --- |\n| " | `"` |'),
        ("---\n\n«««\n\n»»»", "***\n\n&#171;««\n\n»»»"),
        ("http://a.b`c` http://a.b[c](http://d)", "http://a.b `c` http://a.b [c](http://d)"),
        ("[a \\\\\\[b\\] c](http://d)", "[a \\\\\\[b\\] c](http://d)"),
        ("---w", "\\---w"),
        ("`\\<` `a < b` \\\\< 1 <= 2", "\\\\&lt; `a < b` \\\\&lt; 1 <= 2"),
        ("`a`![](i)`b` [`a[0]`](http://h)", "`a` `b` [a\\[0\\]](http://h)"),
        ("a&#13;b&NewLine;c ~~", "a b c \\~\\~"),
        ("~\\~~\n\n\\~~a\\~~ ~ b", "~\\~~\n\n\\~~a\\~~ ~ b"),
        ("xmpp:a@b.c mailto:a@b.c", "xmpp\\:a@b.c mailto:a@b.c"),
        ("wow\\![x](http://h)", "wow\\![x](http://h)"),
        ("a_b __init__ 2 * 3 *x*", "a_b __init__ 2 * 3 *x*"),
        ("\\_a\\_ \\*b\\* 1 \\< 2 & &amp;lt; \\\\", "\\_a\\_ \\*b\\* 1 < 2 & &amp;lt; &#92;"),
        ("[1] [x] \\[y\\]\\(z\\) \\!\\[y\\]", "[1] [x] \\[y\\]\\(z) !\\[y]"),
        ("**[](javascript:x)** *a*", "*a*"),
        # showdown takes the end of a fence in a list for the begin of the next.
        ("- ```\n  a\n  ```\n\n```\n<b>\n```", "```\na\n```\n\n```\n<b>\n```"),
        ("> - b\n>\n>   ```\n>   a\n>   ```\n> - c", "> - b\n\n```\na\n```\n\n> - c"),
    ],
)
def test_examples(markdown: str, expected: str) -> None:
    """What each element becomes."""
    assert written(markdown) == expected
    assert written(written(markdown)) == written(markdown)


@given(st.one_of(MARKS, NASTY))
def test_fixed_point(markdown: str) -> None:
    """Parsing and writing what was written changes nothing, and nothing of it is active."""
    once = written(markdown)
    assert written(once) == once
    assert not active(once)


def words(html: str, between: str) -> set[str]:
    """Return the words, with something between a text and the link, image, code or emphasis beside it."""
    text = re.sub(r"<[^>]*>", " ", INLINE.sub(rf"{between}\1{between}", html))
    return set(re.findall(r"\w+", unescape(text)))


@given(st.one_of(MARKS, NASTY))
def test_words_stay(markdown: str) -> None:
    """A reader of the result finds each word of the source, joined to the link beside it or not."""
    source, result = SHOWN.render(markdown), HTML.render(written(markdown))
    kept = words(result, "") | words(result, " ")
    assert words(source, "") <= kept or words(source, " ") <= kept


@given(st.one_of(MARKS, NASTY), st.sampled_from([64, 200]))
def test_chunks_are_documents(markdown: str, capacity: int) -> None:
    """Each chunk is a fixed point, too, and inert alone, whatever was cut."""
    for piece in chunk(written(markdown * 3), "", capacity, 20):
        assert written(piece.content) == piece.content
        assert not active(piece.content)


@pytest.mark.parametrize(
    "mark", ["> ", "- ", "1. ", "*a", "[", "`", "<a ", "| a ", "\\", "![", "\n\n- a\n  ", "&amp;"]
)
def test_much_of_the_same(mark: str) -> None:
    """Marks without end are written, and end at a fixed point."""
    once = written(mark * 20_000)
    assert written(once) == once


@pytest.mark.parametrize("mark", ["*", "**", "~~"])
def test_deep_emphasis(mark: str) -> None:
    """Of emphasis that is too deep the words are left; the text stays in proportion."""
    depth = 500
    once = written(f"{mark}a " * depth + f"a{mark} " * depth)
    assert len(re.findall("a", once)) == 2 * depth
    assert 0 < len(re.findall(r"(?<!\\)[*~]+", once)) <= 2 * DEEPEST_MARKS
    assert written(once) == once


def test_a_long_line_is_written_as_its_parts_are() -> None:
    """However many parts stand before one, what parts it from them is the same."""
    end = "http://a.b`c` `d``e` wow![f](http://g)"
    assert (
        written(f"{'`a` *b* [c](http://d) x ' * 500}{end}")
        == f"{'`a` *b* [c](http://d) x ' * 500}{written(end)}"
    )


def test_blocks() -> None:
    """The blocks tell where each stands in the result; headings and code have no digest."""
    markdown, blocks = write("# H\n\na\nb\n\n```\nx\n```\n- one\n- two\n")
    lines = markdown.split("\n")
    assert ["\n".join(lines[block.start : block.end]) for block in blocks] == [
        "# H",
        "a\nb",
        "```\nx\n```",
        "- one\n- two",
    ]
    assert [block.kind for block in blocks] == ["heading", "", "code", ""]
    assert [block.digest is None for block in blocks] == [True, False, True, False]


@given(st.lists(st.text(max_size=20), min_size=1, max_size=5))
def test_rows(cells: list[str]) -> None:
    """A row of plain texts is a row of as many cells, whatever is in them, and inert."""
    row = " | ".join(InlineText(" ".join(cell.split())).write(one_line=True, cell=True) for cell in cells)
    table = f"|{' a |' * len(cells)}\n|{' --- |' * len(cells)}\n| {row} |"
    assert not active(table)
    assert len(re.findall("<td>", HTML.render(table))) == len(cells)
