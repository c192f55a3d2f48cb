"""Blocks of Markdown, as their events come: paragraphs, headings, code, HTML, tables, lists and quotes."""

import re
from collections.abc import Callable, Mapping

from alonchat_crawl.extract.markdown.blocks import (
    ListItem,
    WrittenBlock,
    list_blocks,
    quote_blocks,
    split_at_code,
)
from alonchat_crawl.extract.markdown.inert_text import opening_escaped
from alonchat_crawl.extract.markdown.inline import InlineText
from alonchat_crawl.extract.markdown.open_document import Event, OpenDocument

BACKTICKS = re.compile("`+")
BLANK_LINES = re.compile(r"\A(?:[ \t]*\n)+")
RULE = "***"  # showdown takes hyphens for the beginning of metadata
LANGUAGE = re.compile(r"[A-Za-z0-9+#._-]{1,40}")
MARKER = re.compile(rb"[-+*]|\d{1,9}[.)]")  # of a list's item (CommonMark 5.2)


def add_rule(document: OpenDocument, event: Event) -> None:
    """Add a rule; within lists and quotes it is left out."""
    document.begin_block(event.start)
    document.place = event.end
    document.add("rule", RULE if len(document.open) == 1 else "")


def _start_paragraph(document: OpenDocument, event: Event) -> None:
    _start_line(document, event)
    if document.open[-1].name == "item":
        document.open[-2].is_loose = True


def _start_line(document: OpenDocument, event: Event) -> None:
    document.begin_block(event.start)
    document.line = InlineText()


def _end_paragraph(document: OpenDocument, event: Event) -> None:
    document.end_paragraph(event.end)


def _end_heading(document: OpenDocument, event: Event) -> None:
    text = document.end_line(one_line=True)
    document.place = event.end
    if text.endswith("#"):  # it would close the heading
        text = f"{text[:-1]}\\#"
    document.add("heading", f"{'#' * int(event.detail[1])} {text}" if text else "")


def _start_code(document: OpenDocument, event: Event) -> None:
    document.begin_block(event.start)
    info = event.detail["Fenced"].strip() if isinstance(event.detail, dict) else ""
    language = found[0] if (found := LANGUAGE.match(info)) else ""
    if more := info[len(language) :].strip():  # some renderers see no fence if more than a word follows it
        document.add_changed(more)
    document.code = [language]


def _end_code(document: OpenDocument, event: Event) -> None:
    language, *lines = document.code or [""]
    document.code = None
    document.place = event.end
    text = BLANK_LINES.sub("", "".join(lines)).rstrip()
    fence = "`" * max(3, 1 + max(map(len, BACKTICKS.findall(text)), default=0))
    document.add("code", f"{fence}{language}\n{text}\n{fence}" if text else "")


def _start_html(document: OpenDocument, event: Event) -> None:
    document.begin_block(event.start)
    document.html = []


def _end_html(document: OpenDocument, event: Event) -> None:
    document.place = event.end
    document.add_changed("".join(document.html))


def _start_table(document: OpenDocument, event: Event) -> None:
    document.begin_block(event.start)
    document.rows = []


def _start_row(document: OpenDocument, _event: Event) -> None:
    document.rows.append([])


def _start_cell(document: OpenDocument, event: Event) -> None:
    document.place = max(document.place, event.start)
    document.line = InlineText()


def _end_cell(document: OpenDocument, _event: Event) -> None:
    if document.line is not None:
        is_head = len(document.rows) == 1
        document.rows[-1].append(document.end_line(one_line=True, cell=True, head=is_head))


def _end_table(document: OpenDocument, event: Event) -> None:
    document.place = event.end
    head, *rows = (f"| {' | '.join(row)} |" for row in document.rows)
    table = "\n".join([head, f"|{' --- |' * len(document.rows[0])}", *rows])
    document.add("table", table if any(map(any, document.rows)) else "")


def _start_list(document: OpenDocument, event: Event) -> None:
    document.begin_container("list", event.start)


def _end_list(document: OpenDocument, event: Event) -> None:
    if found := document.end_container(event.end):
        before = document.open[-1].blocks
        if before and before[-1].kind == "list":  # the two could be read as one
            document.is_kept = False
        before += list_blocks(found)


def _start_item(document: OpenDocument, event: Event) -> None:
    marker = found[0].decode() if (found := MARKER.match(document.data, event.start)) else "-"
    document.begin_container("item", event.start, marker)
    document.place = event.start + len(marker)


def _end_item(document: OpenDocument, event: Event) -> None:
    item = document.end_container(event.end)
    if item is None:
        return
    around = document.open[-1].items
    document.is_kept = document.is_kept and bool(item.blocks)
    if not item.blocks and len(item.marker) > 1:  # a line that is nothing but a number
        around.append(WrittenBlock("text", opening_escaped(item.marker)))
    for number, (is_code, blocks) in enumerate(split_at_code(item.blocks)):
        # Code has to stand outside the list, and so has what follows it.
        around += blocks if is_code or number else [ListItem(item.marker, blocks)]


def _start_quote(document: OpenDocument, event: Event) -> None:
    document.begin_container("quote", event.start)
    document.place = event.start + 1


def _end_quote(document: OpenDocument, event: Event) -> None:
    if found := document.end_container(event.end):
        document.open[-1].blocks += quote_blocks(found)


Handler = Callable[[OpenDocument, Event], None]
BLOCK_STARTS: Mapping[str, Handler] = {
    "Paragraph": _start_paragraph,
    "Heading": _start_line,
    "CodeBlock": _start_code,
    "HtmlBlock": _start_html,
    "Table": _start_table,
    "TableHead": _start_row,
    "TableRow": _start_row,
    "TableCell": _start_cell,
    "List": _start_list,
    "Item": _start_item,
    "BlockQuote": _start_quote,
}
BLOCK_ENDS: Mapping[str, Handler] = {
    "Paragraph": _end_paragraph,
    "Heading": _end_heading,
    "CodeBlock": _end_code,
    "HtmlBlock": _end_html,
    "Table": _end_table,
    "TableCell": _end_cell,
    "List": _end_list,
    "Item": _end_item,
    "BlockQuote": _end_quote,
}
