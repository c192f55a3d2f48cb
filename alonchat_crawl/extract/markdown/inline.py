"""What stands inside a line of Markdown: text, code and links, escaped so that they stay what they are.

Five rules keep each line inert in any renderer, also in one that lets raw HTML through, or that finds other
blocks in the document than its writer did:

- `<` is an entity, except before a space, a digit, `=` or `-`: it begins no tag. Other code with one is text.
- A backtick is an entity, except around code: the code spans of a line pair up with themselves.
- `]` is escaped before `(`, `[` and `:`: text makes no link, and defines no reference.
- A link leads to http, https or mailto, percent-encoded. A bare address of another scheme is broken up.
- A line of text opens no block: no fence, heading, list, quote, rule, or head of a table.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from urllib.parse import quote

SPECIAL = re.compile(r"[<&`\[\]\\*_~]|://|xmpp:", re.IGNORECASE)
TEXT = re.compile(
    r"<(?! \S|[\d=\-])|(?<=\\)<|&(?=#?\w{1,32};)|`"
    r"|(?<=!)\[|\[(?![^\[\]]*\](?!\s*\(|[:\[]))|\](?:\s*\(|[:\[])"
    r"|\\(?![\w ]|[^\x00-\x7f])|\*+|_+|~+|:(?=//)|(?<=[xX][mM][pP][pP]):"
)
HTTP = re.compile(r"(?<![A-Za-z0-9+.\-])https?\Z", re.IGNORECASE)
SCHEME_CHARS = 6  # of `https`, and what stands before it
ENTITIES = {"<": "&lt;", "&": "&amp;", "`": "&#96;"}
BRACKETS = re.compile(r"[\[\]]")
LINKED = re.compile(f"{TEXT.pattern}|{BRACKETS.pattern}")
BLOCK_OPENS = re.compile(
    r"(\d{1,9})(?=[.)](?:\s|$))"  # the number of a list's item
    r"|(?=[|:\-=_*+][|:\-=_*+\s\\]*$|#{1,6}(?:\s|$)|[-+*:](?:\s|$)|>|~~~|---)"
)
METADATA = "«««"  # begins a document's metadata for showdown, which leaves it out
# Code that would be a tag, an image, a link or a definition if a renderer took it for text: and some would.
RISKY_CODE = re.compile(r"<(?![ \d=\-])|`|\\<|!\[|\](?:\s*\(|[:\[])")
ADDRESS = re.compile(r"://|www\.|@", re.IGNORECASE)
LAST_WORD = re.compile(r"\S*\Z")
LAST_WORD_CHARS = 200
DEEPEST_MARKS = 40  # emphasis and links within each other; of what is deeper the words are kept
LINE_END = re.compile(r"[\n\r\v\f]")
LINK = re.compile(r"(?:https?://|mailto:)\S", re.IGNORECASE)
URL_SAFE = "/:?#@!$&+,;=%-._~"
ENTITY = re.compile(r"&(?=#?\w{1,32};)")


class Code(NamedTuple):
    """A code span."""

    text: str


class Mark(NamedTuple):
    """What is written as it is: an end of emphasis, or of a link."""

    text: str
    opens_link: bool = False
    closes_link: bool = False


class Break(NamedTuple):
    """The end of a line."""

    hard: bool


Part = str | Code | Mark | Break


class Inline:
    """The content of a paragraph, heading or cell: gathered part by part, then written."""

    def __init__(self, *parts: Part) -> None:
        self.is_kept = True
        """Whether all of its elements were kept; where not, what stood around one may now belong together."""
        self._parts: list[Part] = []
        self._words = 0  # parts so far that show something
        self._begun: list[tuple[int, int, str, bool]] = []
        for part in parts:
            self.add(part)

    def add(self, part: Part) -> None:
        """Add the next part."""
        if isinstance(part, Code) and (RISKY_CODE.search(part.text) or not part.text.strip(" ")):
            part = part.text
            self.is_kept = False
        if isinstance(part, str) and LINE_END.search(part):  # written as an entity
            part = LINE_END.sub(" ", part)
            self.is_kept = False
        self._parts.append(part)
        if isinstance(part, str | Code):
            self._words += bool((part if isinstance(part, str) else part.text).strip())

    def begin(self, mark: str, *, link: bool = False) -> None:
        """Begin emphasis with its mark, or a link with its address; an empty one leaves only the words."""
        if len(self._begun) >= DEEPEST_MARKS:  # all in it is moved once for each
            mark = ""
        self._begun.append((len(self._parts), self._words, mark, link))

    def end(self) -> None:
        """End what was begun last; around nothing, or another kind of address, it leaves no marks."""
        place, words, mark, link = self._begun.pop()
        parts = self._parts
        if words == self._words or not (LINK.match(mark) if link else mark and _is_tight(parts, place)):
            self.is_kept = False
        elif link:
            parts[place:] = map(_in_link, parts[place:])
            parts.insert(place, Mark("[", opens_link=True))
            parts.append(Mark(f"]({address(mark)})", closes_link=True))
        else:
            # Two marks in a row may be read as one of another kind.
            self.is_kept = self.is_kept and not (_is_emphasis(parts[place]) or _is_emphasis(parts[-1]))
            parts.insert(place, Mark(mark))
            parts.append(Mark(mark))

    def write(self, *, one_line: bool = False, cell: bool = False, head: bool = False) -> str:
        """Return it as Markdown, in one line if it is a heading or a cell, also of a table's head."""
        if head:  # showdown makes it an attribute of HTML, and does not escape it
            self._parts = [
                part.text if isinstance(part, Code) and '"' in part.text else part for part in self._parts
            ]
        line, lines = _Line(cell=cell, opens=not one_line), list[str]()
        for part, linked in self._settled(one_line=one_line or cell):
            if isinstance(part, Break):
                lines += line.ended(hard=part.hard)
                line = _Line(cell=cell, opens=True)
            elif isinstance(part, Mark):
                line.add_mark(part)
            elif isinstance(part, Code):
                line.add_code(part.text)
            else:
                line.add_text(part, linked=linked)
        lines += line.ended(hard=False)
        written = "\n".join(lines).rstrip(" ")
        return written.replace('"', "&quot;") if head else written

    def _settled(self, *, one_line: bool) -> Iterator[tuple[Part, bool]]:
        """Yield the parts, and whether each stands in a link.

        Neighbouring texts are one, because what has to be escaped can be spread over them.
        """
        gathered, linked = list[str](), False
        for part in self._parts:
            if isinstance(part, str):
                gathered.append(part)
            elif isinstance(part, Break) and one_line:
                gathered.append(" ")
            else:
                if plain := "".join(gathered):
                    yield plain.rstrip(" \t") if isinstance(part, Break) else plain, linked
                gathered = []
                if isinstance(part, Mark):
                    linked = part.opens_link or (linked and not part.closes_link)
                yield part, linked
        if plain := "".join(gathered):
            yield plain.rstrip(" \t"), linked


class _Line:
    """One line, as far as it is written."""

    def __init__(self, *, cell: bool, opens: bool) -> None:
        self.written = ""
        """Its end: all that what comes next depends on."""
        self._before: list[str] = []
        self._cell = cell
        self._opens = opens

    def ended(self, *, hard: bool) -> list[str]:
        """Return the line, or nothing if there is nothing in it."""
        line = "".join([*self._before, self.written]).rstrip(" \t")
        return [f"{line}  " if hard else line] if line else []

    def _add(self, written: str) -> None:
        self.written += written
        if len(self.written) > 2 * LAST_WORD_CHARS:  # else each part would copy all of the line
            self._before.append(self.written[:-LAST_WORD_CHARS])
            self.written = self.written[-LAST_WORD_CHARS:]

    def add_mark(self, mark: Mark) -> None:
        if mark.opens_link:
            self._end_address()
            if self.written.endswith("!"):  # it would be an image
                self.written = f"{self.written[:-1]}\\!"
        self._add(mark.text)

    def add_text(self, plain: str, *, linked: bool = False) -> None:
        if not self.written:
            plain = plain.lstrip(" \t")
        escaped = text(plain, linked=linked)
        if self._cell:
            escaped = escaped.replace("|", "\\|")
        if self._opens and not self.written:
            escaped = opening_escaped(escaped)
        self._add(escaped)

    def add_code(self, inside: str) -> None:
        self._end_address()
        if self.written.endswith("`"):  # two spans would be one
            self.written += " "
        inside = inside.replace("|", "\\|") if self._cell else inside
        padded = inside[:1] == inside[-1:] == " "
        self._add(f"` {inside} `" if padded else f"`{inside}`")

    def _end_address(self) -> None:
        """Part what comes next from a bare address: some renderers take in all up to a space."""
        last = LAST_WORD.search(self.written[-LAST_WORD_CHARS:])
        if last and ADDRESS.search(last[0]):
            self.written += " "


def text(plain: str, *, linked: bool = False) -> str:
    """Return plain text of one line as Markdown that shows the same characters, also in a link's words."""
    if not SPECIAL.search(plain):
        return plain
    return (LINKED if linked else TEXT).sub(_escaped, plain)


def opening_escaped(line: str) -> str:
    """Return a line that opens no block but a paragraph."""
    if line.startswith(METADATA):
        return f"&#171;{line[1:]}"
    found = BLOCK_OPENS.match(line)
    if found is None or line.startswith("\\"):
        return line
    number = found[1] or ""
    return f"{number}\\{line[len(number) :]}"


def address(url: str) -> str:
    """Return a link's address as Markdown can hold it: nothing in it ends the link, or is decoded."""
    return ENTITY.sub("&amp;", quote(url, safe=URL_SAFE, errors="replace"))


def _escaped(match: re.Match[str]) -> str:
    found = match[0]
    before = match.string[max(0, match.start() - 1) : match.start()]
    after = match.string[match.end() : match.end() + 1]
    if found in ENTITIES:
        return ENTITIES[found]
    if found == "\\":  # at the end, the mark that follows would be escaped by it
        return "\\\\" if after else "&#92;"
    if found == ":":
        scheme = match.string[max(0, match.start() - SCHEME_CHARS) : match.start()]
        return found if HTTP.search(scheme) else "\\:"
    if found[0] in "*_~":
        return found if _is_no_emphasis(found, before, after) else "".join(f"\\{each}" for each in found)
    return f"\\{found}" if len(found) == 1 else f"\\{found[:-1]}\\{found[-1]}"


def _is_no_emphasis(marks: str, before: str, after: str) -> bool:
    """Whether a run of marks neither opens nor closes emphasis (CommonMark 6.2)."""
    if before.isspace() and after.isspace():
        return True
    return marks[0] == "_" and before.isalnum() and after.isalnum()


def _in_link(part: Part) -> Part:
    """A link's words are one line, without brackets but those of text, which are escaped."""
    if isinstance(part, Break):
        return " "
    return part.text if isinstance(part, Code) and BRACKETS.search(part.text) else part


def _is_emphasis(part: Part) -> bool:
    return isinstance(part, Mark) and not (part.opens_link or part.closes_link)


def _is_tight(parts: Sequence[Part], place: int) -> bool:
    """Whether marks around what begins at `place` make emphasis: no space stands at an end."""
    first, last = parts[place], parts[-1]
    return not (
        isinstance(first, Break)
        or isinstance(last, Break)
        or (isinstance(first, str) and first[:1].isspace())
        or (isinstance(last, str) and last[-1:].isspace())
    )
