"""Make blocks larger than a chunk splittable: fences are closed and reopened, table heads repeated."""

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt

BLOCKS = MarkdownIt("commonmark").enable("table")
BLOCKS.core.ruler.enableOnly(["normalize", "block"])
FENCE = re.compile(r"(?P<indent>[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*)(?P<marker>`{3,}|~{3,})")
TABLE_HEAD_LINES = 2


def size(text: str) -> int:
    """Bytes of UTF-8."""
    return len(text.encode())


def fit_blocks(markdown: str, capacity: int) -> str:
    """Return Markdown in which every fence and table is at most `capacity` bytes, as far as one line allows.

    Nothing is lost: only fence lines and table heads are added.
    """
    lines = markdown.split("\n")
    fitted: list[str] = []
    done = 0
    for token in BLOCKS.parse(markdown):
        if token.type not in {"fence", "table_open"} or token.map is None or token.map[0] < done:
            continue
        start, end = token.map
        block = lines[start:end]
        if size("\n".join(block)) <= capacity:
            continue
        parts = _fences(block, capacity) if token.type == "fence" else _tables(block, capacity)
        fitted += [*lines[done:start], *"\n\n".join(parts).split("\n")]
        done = end
    return "\n".join([*fitted, *lines[done:]])


def _fences(block: list[str], capacity: int) -> list[str]:
    opening = FENCE.match(block[0])
    if opening is None:
        return ["\n".join(block)]
    # A list marker may stand before the first fence only; the others are indented as far.
    indent = re.sub(r"[^>\s]", " ", opening["indent"])
    reopening = indent + block[0][opening.end("indent") :]
    closing = indent + opening["marker"]
    is_closed = len(block) > 1 and block[-1].strip(" \t>").startswith(opening["marker"])
    room = capacity - size(reopening) - size(closing) - 2
    code = [piece for line in block[1 : -1 if is_closed else None] for piece in _cut(line, room)]
    parts = ["\n".join([reopening, *lines, closing]) for lines in _packed(code, room)]
    return [block[0] + parts[0][len(reopening) :], *parts[1:]] if parts else ["\n".join(block)]


def _tables(block: list[str], capacity: int) -> list[str]:
    head, rows = block[:TABLE_HEAD_LINES], block[TABLE_HEAD_LINES:]
    room = capacity - size("\n".join(head)) - 1
    if room < capacity // 2:  # a head that large says less than the rows it would push out
        return ["\n".join(block)]
    return ["\n".join([*head, *lines]) for lines in _packed(rows, room)]


def _packed(lines: list[str], room: int) -> Iterator[list[str]]:
    """Group lines greedily into at most `room` bytes, line feeds included."""
    group: list[str] = []
    used = 0
    for line in lines:
        needed = size(line) + 1
        if group and used + needed > room:
            yield group
            group, used = [], 0
        group.append(line)
        used += needed
    if group:
        yield group


def _cut(line: str, room: int) -> list[str]:
    """Cut one line that is too long for any chunk; 4 is the most bytes a character takes."""
    if size(line) < room:
        return [line]
    step = max(1, (room - 1) // 4)
    return [line[start : start + step] for start in range(0, len(line), step)]
