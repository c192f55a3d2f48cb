"""Make Markdown inert: text that looks like a tag, an image or a script link stays text.

A page may *show* `<img onerror=…>`; as Markdown that text would become a live element. Nothing outside
code is left that a Markdown renderer turns into anything but formatting and http, https, mailto links.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable

from markdown_it import MarkdownIt

BLOCKS = MarkdownIt("commonmark")
BLOCKS.core.ruler.enableOnly(["normalize", "block"])
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
CELL = re.compile(r"(?:[^|\\\n]|\\.)+", re.DOTALL)

Spans = list[tuple[int, int]]


def inert(markdown: str) -> str:
    """Return `markdown` without anything active outside code; what is shown stays the same."""
    if not ACTIVE.search(markdown):  # most pages: no need to know where their code is
        return markdown
    lines = markdown.split("\n")
    kept: list[str] = []
    done = 0
    for start, end, literal in _blocks(markdown):
        if done < start:
            kept.append(_neutral("\n".join(lines[done:start]), code=[]))
        block = "\n".join(lines[max(start, done) : end])
        kept.append(block if literal or not ACTIVE.search(block) else _neutral(block, _code_spans(block)))
        done = max(done, end)
    if done < len(lines):
        kept.append(_neutral("\n".join(lines[done:]), code=[]))
    return "\n".join(kept)


def _blocks(markdown: str) -> Iterable[tuple[int, int, bool]]:
    """Yield (first line, line after, is fenced code) of what is parsed as one; the rest is never code."""
    for token in BLOCKS.parse(markdown):
        if token.map is not None and token.type in {"inline", "fence"}:
            start, end = token.map
            fenced = token.type == "fence"
            if end > start + fenced:
                yield start + fenced, end, fenced  # the opening line names a language: text


def _neutral(text: str, code: Spans) -> str:
    starts = [start for start, _ in code]

    def replacement(match: re.Match[str]) -> str:
        place = bisect_right(starts, match.start()) - 1
        if place >= 0 and match.start() < code[place][1]:
            return match.group()
        return _escaped(match)

    return ACTIVE.sub(replacement, text)


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


def _code_spans(block: str) -> Spans:
    """Where inline code is, whether or not the renderer knows tables (their cells end a code span)."""
    whole = _spans(block, 0)
    if "|" not in block or not whole:
        return whole
    in_cells = [span for cell in CELL.finditer(block) for span in _spans(cell.group(), cell.start())]
    return sorted(set(whole) & set(in_cells))


def _spans(text: str, offset: int) -> Spans:
    """Code spans by CommonMark 6.1: a run of backticks up to the next run of the same length."""
    runs = [(match.start(), match.end()) for match in BACKTICKS.finditer(text)]
    by_length: defaultdict[int, list[int]] = defaultdict(list)
    for start, end in runs:
        by_length[end - start].append(start)
    found: Spans = []
    done = 0
    for start, end in runs:
        escaped = (start - len(text[:start].rstrip("\\"))) % 2
        length = end - start - escaped
        if start < done or not length:
            continue
        closers = by_length.get(length, [])
        place = bisect_right(closers, start)
        if place < len(closers):
            done = closers[place] + length
            found.append((offset + start, offset + done))
    return found
