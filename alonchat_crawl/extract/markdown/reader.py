"""The parser's events to written blocks: what each element of Markdown becomes."""

import re
from typing import Any, ClassVar

from alonchat_crawl.extract.markdown.containers import (
    Container,
    Item,
    Kind,
    Piece,
    grouped,
    list_pieces,
    quote_pieces,
)
from alonchat_crawl.extract.markdown.inline import Break, Code, Inline, opening_escaped

DEEPEST = 12  # lists and quotes within each other; what is deeper stands at this depth
BACKTICKS = re.compile("`+")
BLANK_LINES = re.compile(r"\A(?:[ \t]*\n)+")
RULE = "***"  # with hyphens, showdown takes it for the begin of metadata
LANGUAGE = re.compile(r"[A-Za-z0-9+#._-]{1,40}")
MARKER = re.compile(rb"[-+*]|\d{1,9}[.)]")  # of a list's item (CommonMark 5.2)
# Beside an address whose angle brackets are not written, these would become a part of it.
JOINED_BEFORE = re.compile(rb"[A-Za-z0-9\x80-\xff>]")
JOINED_AFTER = re.compile(rb"[A-Za-z0-9\x80-\xff/?#&=%\[!`-]")
BETWEEN = b" \t\r\n\v\f>"  # what stands between blocks without being text


def add_lines(text: str, inline: Inline | None = None) -> Inline:
    """Add plain text of several lines to what is given, or to nothing."""
    inline = inline or Inline()
    first, *further = text.split("\n")
    inline.add(first)
    for line in further:
        inline.add(Break(hard=False))
        inline.add(line)
    return inline


class MarkdownReader:
    """Takes a document's events in order, and writes each block when it ends.

    The methods named in STARTS and ENDS take where the event's block begins and ends, in bytes, and what the
    parser tells of it.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._open = [Container("document")]
        self._too_deep = 0
        self._place = 0  # what stands before it is read
        self.is_kept = True
        """Whether all elements were kept as they are: then the same elements are read in the result."""
        self._line: Inline | None = None
        self._code: list[str] | None = None
        self._rows: list[list[str]] = []
        self._html: list[str] = []

    def read(self, event: Any, start: int, end: int) -> None:
        """Take the parser's next event."""
        what: str
        value: Any
        name: str
        what, value = (event, None) if isinstance(event, str) else next(iter(event.items()))
        if what == "Text":
            if self._code is None:
                self._inline(start).add(value)
                self._place = end
            else:
                self._code.append(value)
        elif what in {"Start", "End"}:
            name, detail = (value, None) if isinstance(value, str) else next(iter(value.items()))
            handler: Any = (self.STARTS if what == "Start" else self.ENDS).get(name)
            if handler is not None:
                handler(self, start, end, detail)
        elif what == "Html":
            self._html.append(value)
        elif what == "Rule":
            self._begin_block(start)
            self._place = end
            self._add("rule", RULE if len(self._open) == 1 else "")
        else:
            self._add_inline(self._inline(start), what, value)
            self._place = end

    def ended(self) -> list[Piece]:
        """Return the document's blocks."""
        self._begin_block(len(self._data))
        return self._open[0].pieces

    def _add_inline(self, inline: Inline, what: str, value: Any) -> None:
        if what == "Code":
            inline.add(Code(value))
        elif what in {"SoftBreak", "HardBreak"}:
            inline.add(Break(hard=what == "HardBreak"))
        else:
            self.is_kept = False
            add_lines(value, inline)

    def _inline(self, start: int) -> Inline:
        """Return the line that is being read; in a list without blank lines no event begins one."""
        if self._line is None:
            self._missed(start - self._data.startswith(b"\\", max(0, start - 1)))
            self._line = Inline()
        return self._line

    def _add(self, kind: Kind, text: str) -> None:
        if text:
            self._open[-1].pieces.append(Piece(kind, text))
        # Code leaves the list or quote that it stands in.
        self.is_kept = self.is_kept and bool(text) and (kind != "code" or len(self._open) == 1)

    def _write(
        self, inline: Inline, *, one_line: bool = False, cell: bool = False, head: bool = False
    ) -> str:
        text = inline.write(one_line=one_line, cell=cell, head=head)
        self.is_kept = self.is_kept and inline.is_kept
        return text

    def _begin_block(self, start: int) -> None:
        if self._line is not None:
            self._end_paragraph(0, self._place, None)
        self._missed(start)

    def _missed(self, start: int) -> None:
        """Keep as text what the parser took for definitions of references."""
        between = self._data[self._place : start].strip(BETWEEN) if start > self._place else b""
        self._place = max(self._place, start)
        if between:
            self.is_kept = False
            self._add("text", add_lines(between.decode(errors="replace")).write())

    # Blocks

    def _start_paragraph(self, start: int, _end: int, _detail: Any) -> None:
        self._begin_block(start)
        self._line = Inline()
        if self._open[-1].name == "item":
            self._open[-2].is_loose = True

    def _end_paragraph(self, _start: int, end: int, _detail: Any) -> None:
        if self._line is not None:
            self._add("text", self._write(self._line))
        self._line = None
        self._place = max(self._place, end)

    def _start_heading(self, start: int, _end: int, _detail: Any) -> None:
        self._begin_block(start)
        self._line = Inline()

    def _end_heading(self, _start: int, end: int, level: str) -> None:
        text = self._write(self._line, one_line=True) if self._line is not None else ""
        self._line = None
        self._place = end
        if text.endswith("#"):  # it would close the heading
            text = f"{text[:-1]}\\#"
        self._add("heading", f"{'#' * int(level[1])} {text}" if text else "")

    def _start_code(self, start: int, _end: int, detail: Any) -> None:
        self._begin_block(start)
        info = detail["Fenced"].strip() if isinstance(detail, dict) else ""
        language = found[0] if (found := LANGUAGE.match(info)) else ""
        if more := info[
            len(language) :
        ].strip():  # no fence for all renderers, with more than a word behind it
            self.is_kept = False
            self._add("text", add_lines(more).write())
        self._code = [language]

    def _end_code(self, _start: int, end: int, _detail: Any) -> None:
        language, *lines = self._code or [""]
        self._code = None
        self._place = end
        text = BLANK_LINES.sub("", "".join(lines)).rstrip()
        fence = "`" * max(3, 1 + max(map(len, BACKTICKS.findall(text)), default=0))
        self._add("code", f"{fence}{language}\n{text}\n{fence}" if text else "")

    def _start_html(self, start: int, _end: int, _detail: Any) -> None:
        self._begin_block(start)
        self._html = []

    def _end_html(self, _start: int, end: int, _detail: Any) -> None:
        self._place = end
        self.is_kept = False
        self._add("text", add_lines("".join(self._html)).write())

    def _start_table(self, start: int, _end: int, _detail: Any) -> None:
        self._begin_block(start)
        self._rows = []

    def _start_row(self, _start: int, _end: int, _detail: Any) -> None:
        self._rows.append([])

    def _start_cell(self, start: int, _end: int, _detail: Any) -> None:
        self._place = max(self._place, start)
        self._line = Inline()

    def _end_cell(self, _start: int, _end: int, _detail: Any) -> None:
        if self._line is not None:
            is_head = len(self._rows) == 1
            self._rows[-1].append(self._write(self._line, one_line=True, cell=True, head=is_head))
        self._line = None

    def _end_table(self, _start: int, end: int, _detail: Any) -> None:
        self._place = end
        head, *rows = (f"| {' | '.join(row)} |" for row in self._rows)
        table = "\n".join([head, f"|{' --- |' * len(self._rows[0])}", *rows])
        self._add("table", table if any(map(any, self._rows)) else "")

    # Lists and quotes

    def _start_container(self, name: str, start: int, marker: str = "") -> None:
        self._begin_block(start)
        if len(self._open) > DEEPEST or self._too_deep:
            self._too_deep += 1
            self.is_kept = False
        else:
            self._open.append(Container(name, marker))

    def _end_container(self, end: int) -> Container | None:
        self._begin_block(end)
        if not self._too_deep:
            return self._open.pop()
        self._too_deep -= 1
        return None

    def _start_list(self, start: int, _end: int, _detail: Any) -> None:
        self._start_container("list", start)

    def _end_list(self, _start: int, end: int, _detail: Any) -> None:
        if found := self._end_container(end):
            pieces = self._open[-1].pieces
            self.is_kept = self.is_kept and not (pieces and pieces[-1].kind == "list")  # they could be one
            pieces += list_pieces(found)

    def _start_item(self, start: int, _end: int, _detail: Any) -> None:
        marker = found[0].decode() if (found := MARKER.match(self._data, start)) else "-"
        self._start_container("item", start, marker)
        self._place = start + len(marker)

    def _end_item(self, _start: int, end: int, _detail: Any) -> None:
        item = self._end_container(end)
        if item is None:
            return
        around = self._open[-1].items
        self.is_kept = self.is_kept and bool(item.pieces)
        if not item.pieces and len(item.marker) > 1:  # a line that is nothing but a number
            around.append(Piece("text", opening_escaped(item.marker)))
        for number, (is_code, pieces) in enumerate(grouped(item.pieces)):
            # What follows code that has to stand outside the list stands there, too.
            around += pieces if is_code or number else [Item(item.marker, pieces)]

    def _start_quote(self, start: int, _end: int, _detail: Any) -> None:
        self._start_container("quote", start)
        self._place = start + 1

    def _end_quote(self, _start: int, end: int, _detail: Any) -> None:
        if found := self._end_container(end):
            self._open[-1].pieces += quote_pieces(found)

    # Within lines

    def _start_emphasis(self, start: int, _end: int, _detail: Any) -> None:
        self._start_marked(start, self._data[start : start + 1])

    def _start_strong(self, start: int, _end: int, _detail: Any) -> None:
        self._start_marked(start, self._data[start : start + 2])

    def _start_struck(self, start: int, _end: int, _detail: Any) -> None:
        self._start_marked(start, b"~~" if self._data.startswith(b"~~", start) else b"~")

    def _start_marked(self, start: int, mark: bytes) -> None:
        self._inline(start).begin(mark.decode(errors="replace"))
        self._place = start + len(mark)

    def _start_link(self, start: int, _end: int, detail: Any) -> None:
        is_bare = detail["link_type"] in {"Autolink", "Email"}
        if is_bare and JOINED_BEFORE.match(self._data, max(0, start - 1)):
            self._inline(start).add(" ")
        self._inline(start).begin("" if is_bare else detail["dest_url"], link=True)
        self._place = start

    def _start_image(self, start: int, _end: int, _detail: Any) -> None:
        self._inline(start).begin("")
        self._place = start

    def _end_inline(self, _start: int, end: int, _detail: Any) -> None:
        if self._line is not None:
            self._line.end()
            if self._data.startswith(b">", end - 1) and JOINED_AFTER.match(self._data, end):
                self._line.add(" ")
        self._place = max(self._place, end)

    STARTS: ClassVar = {
        "Paragraph": _start_paragraph,
        "Heading": _start_heading,
        "CodeBlock": _start_code,
        "HtmlBlock": _start_html,
        "Table": _start_table,
        "TableHead": _start_row,
        "TableRow": _start_row,
        "TableCell": _start_cell,
        "List": _start_list,
        "Item": _start_item,
        "BlockQuote": _start_quote,
        "Emphasis": _start_emphasis,
        "Strong": _start_strong,
        "Strikethrough": _start_struck,
        "Link": _start_link,
        "Image": _start_image,
    }
    ENDS: ClassVar = {
        "Paragraph": _end_paragraph,
        "Heading": _end_heading,
        "CodeBlock": _end_code,
        "HtmlBlock": _end_html,
        "Table": _end_table,
        "TableCell": _end_cell,
        "List": _end_list,
        "Item": _end_item,
        "BlockQuote": _end_quote,
        "Emphasis": _end_inline,
        "Strong": _end_inline,
        "Strikethrough": _end_inline,
        "Link": _end_inline,
        "Image": _end_inline,
    }
