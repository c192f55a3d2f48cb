"""A generated documentation site: the same pages every time, of words and code that a tokenizer knows."""

import re
from pathlib import Path
from random import Random

from tests.sites.server import Answer, Route

BRANCHES = 5  # links a page has to further pages
TEXT_BYTES = 4096  # its tags not counted
SECTIONS = 4

# Common words first: a word is drawn the less often the later it stands here.
WORDS = Path(__file__).with_name("words.txt").read_text().split()
WEIGHTS = [1 / (rank + 10) for rank in range(len(WORDS))]
NAMES = [word for word in WORDS if len(word) > 5]


class Documentation:
    """`pages` pages: page n lies at /n (the front page at /) and links to BRANCHES others, as a tree.

    Another edition has other text.
    """

    def __init__(self, pages: int, edition: str = "") -> None:
        self.pages = pages
        self.edition = edition

    def routes(self) -> dict[str, Route]:
        """Return the site's table."""
        return {self._path(number): self.page(number) for number in range(self.pages)}

    def page(self, number: int) -> Answer:
        """Return a page of about TEXT_BYTES bytes of text: headings, paragraphs, a list, a code block."""
        random = Random(f"{self.edition}/{number}")  # noqa: S311 - to be the same every time
        title = _title(random)
        parts = [f"<h1>{title}</h1>", _list(random), _code(random)]
        section_bytes = (TEXT_BYTES - _text_bytes(parts)) // SECTIONS
        for _ in range(SECTIONS):
            section = [f"<h2>{_title(random)}</h2>"]
            while _text_bytes(section) < section_bytes:
                section.append(f"<p>{' '.join(_sentence(random) for _ in range(2))}</p>")
            parts += section
        further = range(number * BRANCHES + 1, min(number * BRANCHES + BRANCHES + 1, self.pages))
        links = "".join(f'<a href="{self._path(other)}">Chapter {other}</a> ' for other in further)
        return Answer(
            f"<!doctype html><html lang=en><head><meta charset=utf-8><title>{title}</title></head>"
            f"<body><nav>{links}</nav><main>{''.join(parts)}</main></body></html>".encode()
        )

    def _path(self, number: int) -> str:
        return f"/{number or ''}"


def _text_bytes(parts: list[str]) -> int:
    return len(re.sub("<[^>]*>", "", "".join(parts)))


def _sentence(random: Random) -> str:
    words = random.choices(WORDS, WEIGHTS, k=random.randint(8, 22))
    if random.random() < 0.3:
        words[len(words) // 2] = f"<code>{'_'.join(random.sample(NAMES, 2))}</code>"
    return f"{' '.join(words).capitalize()}."


def _title(random: Random) -> str:
    return " ".join(random.sample(NAMES, 3)).capitalize()


def _list(random: Random) -> str:
    return f"<ul>{''.join(f'<li>{_sentence(random)}</li>' for _ in range(4))}</ul>"


def _code(random: Random) -> str:
    lines = (
        "{}.{}({}={!r}, limit={})".format(*random.sample(NAMES, 4), random.randint(1, 999)) for _ in range(6)
    )
    return f"<pre><code>{chr(10).join(lines)}</code></pre>"
