"""Markdown as a person reads it."""

import pytest

from alonchat_crawl.extract.markdown.plain_text import plain_text


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("# Set *it* `up`", "Set it up"),
        ("See [the **manual**](https://e.example/a?b=c), or ![a robot](https://e.example/r.png).",
         "See the manual, or a robot."),
        ("- one\n- two\n  1. three", "one\ntwo\nthree"),
        ("| lamp | means |\n|-|-|\n| red | call |", "lamp  means\nred  call"),
        ("a\n\n```py\nx = 1\n```\n\nb", "a\nx = 1\nb"),
        ("5 \\* 3 &lt; 16", "5 * 3 < 16"),
        ("cut **in the mid", "cut **in the mid"),
        ("", ""),
    ],
)  # fmt: skip
def test_plain_text(markdown: str, text: str) -> None:
    """Marks and addresses are gone, the words are all there, and each block has its line."""
    assert plain_text(markdown) == text
