"""Make Markdown inert: text that looks like a tag, an image or a script link stays text.

A page may *show* `<img onerror=…>`; as Markdown that text would become a live element. Nothing outside
code is left that a Markdown renderer turns into anything but formatting and http, https, mailto links.
Code is left as it is only where no renderer, and no cut through the text, can take it for anything else.
"""

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt

from alonchat_crawl.extract.clean_text import clean_text

BLOCKS = MarkdownIt("commonmark")
BLOCKS.core.ruler.enableOnly(["normalize", "block"])
FENCE = re.compile(r"```|~~~")
BACKTICKS = re.compile(r"`+")
AUTOLINK = r"<(?P<auto>(?:https?://|mailto:)[^\s<>]*)>"
TAG = r"\\*<(?=[A-Za-z/!?])"
IMAGE = r"!(?=\[)"
OTHER_LINK = r"\]\((?!\s*<?(?:https?://|mailto:))"
# A link reference definition can give any [text] a target, from anywhere in the document.
DEFINITION = r"^(?P<lead>[ \t>*+\-\d.)]*)\[(?=(?:[^\[\]\\]|\\.){1,999}\]:)"
ACTIVE = re.compile(
    f"{AUTOLINK}|{TAG}|{IMAGE}|{OTHER_LINK}|{DEFINITION}", re.IGNORECASE | re.MULTILINE | re.DOTALL
)
IN_LINE = re.compile(r"<(?=[A-Za-z/!?])|!(?=\[)|\](?=\()")
ADDRESS = re.compile(r"://|www\.|@", re.IGNORECASE)
LINE_MAX_CHARS = 500  # of a title or description
LOOKS_LIKE = {"<": "‹", "!": "! ", "]": "] "}


def inert(markdown: str) -> str:
    """Return `markdown` without anything active outside code; what is shown stays the same."""
    if not ACTIVE.search(markdown):  # most pages: no need to know where their code is
        return markdown
    lines = markdown.split("\n")
    kept: list[str] = []
    done = 0
    for start, end in _fenced(markdown):
        kept += _paragraphs(lines[done:start])
        kept += lines[max(start, done) : end]
        done = max(done, end)
    return "\n".join([*kept, *_paragraphs(lines[done:])])


def plain_line(text: str) -> str:
    """Return a title or description on one line, at most 500 characters, inert."""
    return inert_line(" ".join(clean_text(text)[0].split())[:LINE_MAX_CHARS].rstrip())


def inert_line(text: str) -> str:
    """Return a title or heading that is neither a tag in HTML nor an image or a link in Markdown.

    It is plain text, in which an entity would be shown as such: so a look-alike stands for the bracket.
    """
    return IN_LINE.sub(lambda found: LOOKS_LIKE[found.group()], text)


def _fenced(markdown: str) -> Iterator[tuple[int, int]]:
    """Yield the first line, and the one after, of each fence's code; what opens it is text."""
    if not FENCE.search(markdown):
        return
    for token in BLOCKS.parse(markdown):
        if token.type == "fence" and token.map is not None and token.map[1] > token.map[0] + 1:
            yield token.map[0] + 1, token.map[1]


def _paragraphs(lines: list[str]) -> Iterator[str]:
    """Make lines inert, all that stand together at once."""
    together: list[str] = []
    for line in lines:
        if line.strip():
            together.append(line)
            continue
        yield from _neutral(together)
        together = []
        yield line
    yield from _neutral(together)


def _neutral(lines: list[str]) -> list[str]:
    text = "\n".join(lines)
    if not ACTIVE.search(text):
        return lines
    spans = [_code_spans(line) for line in lines]
    if any(found is None for found in spans):  # a backtick that is left over could pair with any other
        return ACTIVE.sub(_escaped, text).split("\n")
    return [_outside(line, found or []) for line, found in zip(lines, spans, strict=True)]


def _outside(line: str, spans: list[tuple[int, int]]) -> str:
    """Make a line inert but for its code spans."""
    parts, done = [], 0
    for start, end in spans:
        parts += [ACTIVE.sub(_escaped, line[done:start]), line[start:end]]
        done = end
    return "".join([*parts, ACTIVE.sub(_escaped, line[done:])])


def _escaped(match: re.Match[str]) -> str:
    found = match.group()
    if match.group("auto"):
        return match.group("auto")
    if found.endswith("<"):
        backslashes = len(found) - 1
        return "\\" * (backslashes - backslashes % 2) + "&lt;"
    if found == "!":
        return "!\\"
    return "]\\(" if found == "](" else f"{match.group('lead')}\\["


def _code_spans(line: str) -> list[tuple[int, int]] | None:
    """The code spans of a line (CommonMark 6.1); None where not every backtick belongs to one."""
    runs = [(match.start(), match.end()) for match in BACKTICKS.finditer(line)]
    if len(runs) % 2:
        return None
    spans = list(zip(runs[::2], runs[1::2], strict=True))
    done = 0
    for (start, inner), (outer, end) in spans:
        before = line[done:start]
        word = "" if before[-1:].isspace() else "".join(before.rsplit(maxsplit=1)[-1:])
        # A bar ends a table's cell, and the span, for some renderers; an address takes the backtick in.
        taken = "|" in line[inner:outer] or word.endswith("\\") or ADDRESS.search(word)
        if inner - start != end - outer or taken:
            return None
        done = end
    return [(start, end) for (start, _), (_, end) in spans]
