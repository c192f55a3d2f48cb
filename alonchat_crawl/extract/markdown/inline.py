"""The content of a paragraph, heading or table cell, written: text, code spans, emphasis and links."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from alonchat_crawl.extract.markdown.inert_text import BRACKETS, inert_text, inert_url, opening_escaped

# Code that would be a tag, an image, a link or a definition in a renderer that takes it for text. Some do.
RISKY_CODE = re.compile(r"<(?![ \d=\-])|`|\\<|!\[|\](?:\s*\(|[:\[])")
ADDRESS = re.compile(r"://|www\.|@", re.IGNORECASE)
LAST_WORD = re.compile(r"\S*\Z")
LAST_WORD_CHARS = 200
DEEPEST_MARKS = 40  # emphasis and links within each other; what is deeper keeps its words alone
LINE_END = re.compile(r"[\n\r\v\f]")
LINK = re.compile(r"(?:https?://|mailto:)\S", re.IGNORECASE)


class CodeSpan(NamedTuple):
    """A code span."""

    text: str


class Mark(NamedTuple):
    """Written as it is: where emphasis or a link begins or ends."""

    text: str
    opens_link: bool = False
    closes_link: bool = False


class LineBreak(NamedTuple):
    """The end of a line."""

    hard: bool


Part = str | CodeSpan | Mark | LineBreak


class InlineText:
    """The content of a paragraph, heading or cell: gathered part by part, then written."""

    def __init__(self, *parts: Part) -> None:
        self.is_kept = True
        """Whether all of its elements were kept; if not, the texts around one may now belong together."""
        self._parts: list[Part] = []
        self._words = 0  # parts so far that are not blank
        self._begun: list[tuple[int, int, str, bool]] = []
        for part in parts:
            self.add(part)

    def add(self, part: Part) -> None:
        """Add the next part."""
        if isinstance(part, CodeSpan) and (RISKY_CODE.search(part.text) or not part.text.strip(" ")):
            part = part.text
            self.is_kept = False
        if isinstance(part, str) and LINE_END.search(part):  # it was written as an entity
            part = LINE_END.sub(" ", part)
            self.is_kept = False
        self._parts.append(part)
        if isinstance(part, str | CodeSpan):
            self._words += bool((part if isinstance(part, str) else part.text).strip())

    def begin(self, mark: str, *, link: bool = False) -> None:
        """Begin emphasis with its mark, or a link with its address; if that is empty, only words remain."""
        if len(self._begun) >= DEEPEST_MARKS:  # each level moves all parts in it again
            mark = ""
        self._begun.append((len(self._parts), self._words, mark, link))

    def end(self) -> None:
        """End what was begun last; it leaves no marks if it has no words or an address of another kind."""
        place, words, mark, link = self._begun.pop()
        parts = self._parts
        if words == self._words or not (LINK.match(mark) if link else mark and _is_tight(parts, place)):
            self.is_kept = False
        elif link:
            parts[place:] = map(_in_link, parts[place:])
            parts.insert(place, Mark("[", opens_link=True))
            parts.append(Mark(f"]({inert_url(mark)})", closes_link=True))
        else:
            # Two marks in a row may be read as one mark of another kind.
            self.is_kept = self.is_kept and not (_is_emphasis(parts[place]) or _is_emphasis(parts[-1]))
            parts.insert(place, Mark(mark))
            parts.append(Mark(mark))

    def write(self, *, one_line: bool = False, cell: bool = False, head: bool = False) -> str:
        """Return it as Markdown: on one line for a heading or cell; `head` means a cell of a table's head."""
        if head:  # showdown makes a head's text an HTML attribute and does not escape it
            self._parts = [
                part.text if isinstance(part, CodeSpan) and '"' in part.text else part for part in self._parts
            ]
        line, lines = _Line(cell=cell, opens=not one_line), list[str]()
        for part, linked in self._settled(one_line=one_line or cell):
            if isinstance(part, LineBreak):
                lines += line.finished(hard=part.hard)
                line = _Line(cell=cell, opens=True)
            elif isinstance(part, Mark):
                line.add_mark(part)
            elif isinstance(part, CodeSpan):
                line.add_code(part.text)
            else:
                line.add_text(part, linked=linked)
        lines += line.finished(hard=False)
        written = "\n".join(lines).rstrip(" ")
        return written.replace('"', "&quot;") if head else written

    def _settled(self, *, one_line: bool) -> Iterator[tuple[Part, bool]]:
        """Yield the parts, and whether each stands in a link.

        Adjacent texts are joined, because what must be escaped can extend over several.
        """
        gathered, linked = list[str](), False
        for part in self._parts:
            if isinstance(part, str):
                gathered.append(part)
            elif isinstance(part, LineBreak) and one_line:
                gathered.append(" ")
            else:
                if plain := "".join(gathered):
                    yield plain.rstrip(" \t") if isinstance(part, LineBreak) else plain, linked
                gathered = []
                if isinstance(part, Mark):
                    linked = part.opens_link or (linked and not part.closes_link)
                yield part, linked
        if plain := "".join(gathered):
            yield plain.rstrip(" \t"), linked


class _Line:
    """One line while it is written."""

    def __init__(self, *, cell: bool, opens: bool) -> None:
        self.written = ""
        """Its last characters; only they matter for what comes next."""
        self._before: list[str] = []
        self._cell = cell
        self._opens = opens

    def finished(self, *, hard: bool) -> list[str]:
        """Return the line; nothing if it is empty."""
        line = "".join([*self._before, self.written]).rstrip(" \t")
        return [f"{line}  " if hard else line] if line else []

    def _add(self, written: str) -> None:
        self.written += written
        if len(self.written) > 2 * LAST_WORD_CHARS:  # or each part would copy the whole line
            self._before.append(self.written[:-LAST_WORD_CHARS])
            self.written = self.written[-LAST_WORD_CHARS:]

    def add_mark(self, mark: Mark) -> None:
        if mark.opens_link:
            self._end_address()
            if self.written.endswith("!"):  # or it would be an image
                self.written = f"{self.written[:-1]}\\!"
        self._add(mark.text)

    def add_text(self, plain: str, *, linked: bool = False) -> None:
        if not self.written:
            plain = plain.lstrip(" \t")
        escaped = inert_text(plain, linked=linked)
        if self._cell:
            escaped = escaped.replace("|", "\\|")
        if self._opens and not self.written:
            escaped = opening_escaped(escaped)
        self._add(escaped)

    def add_code(self, inside: str) -> None:
        self._end_address()
        if self.written.endswith("`"):  # or the two spans would be one
            self.written += " "
        inside = inside.replace("|", "\\|") if self._cell else inside
        padded = inside[:1] == inside[-1:] == " "
        self._add(f"` {inside} `" if padded else f"`{inside}`")

    def _end_address(self) -> None:
        """Separate a bare address from what comes next: some renderers add all up to a space to it."""
        last = LAST_WORD.search(self.written[-LAST_WORD_CHARS:])
        if last and ADDRESS.search(last[0]):
            self.written += " "


def _in_link(part: Part) -> Part:
    """Return a part as a link may have it: no line break, and no code with brackets."""
    if isinstance(part, LineBreak):
        return " "
    return part.text if isinstance(part, CodeSpan) and BRACKETS.search(part.text) else part


def _is_emphasis(part: Part) -> bool:
    return isinstance(part, Mark) and not (part.opens_link or part.closes_link)


def _is_tight(parts: Sequence[Part], place: int) -> bool:
    """Whether marks around the parts from `place` on make emphasis: no white space is at either end."""
    first, last = parts[place], parts[-1]
    return not (
        isinstance(first, LineBreak)
        or isinstance(last, LineBreak)
        or (isinstance(first, str) and first[:1].isspace())
        or (isinstance(last, str) and last[-1:].isspace())
    )
