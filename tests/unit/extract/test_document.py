"""Markdown documents and plain text keep what they say and become safe."""

from alonchat_crawl.extract.document import extract_markdown, extract_plain
from tests.support.rendering import active

URL = "http://example.com/docs/page.html"


def test_markdown_document() -> None:
    """A Markdown page keeps its structure; its HTML is treated as HTML and its references are resolved."""
    text = (
        "---\ntitle: 'The title'\ntags: [x]\n---\n# Head\n\n[a](b.md) <https://x.org/> [ref] [bad]\n"
        "<script>alert(1)</script>\n<b onclick=x>bold</b>\n\n```py\nif a<b: pass\n```\n\n| a | b |\n"
        "|---|---|\n| 1 | 2 |\n\n[ref]: /r\n[bad]: javascript:alert(1)\n"
    )
    extracted = extract_markdown(text, URL)
    assert extracted.title == "The title"
    for part in (
        "# Head",
        "[a](http://example.com/docs/b.md)",
        "[https://x.org/](https://x.org/)",
        "[ref](http://example.com/r)",
        "**bold**",
        "```py\nif a<b: pass\n```",
        "| a | b |",
    ):
        assert part in extracted.markdown
    assert "alert(1)</script>" not in extracted.markdown
    assert "tags" not in extracted.markdown
    assert not active(extracted.markdown)


def test_plain_text() -> None:
    """Plain text keeps its lines and words, and becomes nothing active."""
    text = "Use <b>this</b>, see <https://gnu.org/>\n\n[1]: javascript:alert(1)\n\tindented\n"
    markdown = extract_plain(text).markdown
    expected = "Use &lt;b>this&lt;/b>, see https://gnu.org/\n\n\\[1\\]\\: javascript:alert(1)\n\nindented"
    assert markdown == expected
    assert not active(markdown)
