"""Reads Markdown: the parser's events in order, each given to what handles its element."""

from typing import Any

from pyromark import Options, events_with_range

from alonchat_crawl.extract.markdown.block_events import BLOCK_ENDS, BLOCK_STARTS, add_rule
from alonchat_crawl.extract.markdown.blocks import WrittenBlock
from alonchat_crawl.extract.markdown.inline import CodeSpan, LineBreak
from alonchat_crawl.extract.markdown.inline_events import INLINE_ENDS, INLINE_STARTS
from alonchat_crawl.extract.markdown.open_document import Event, OpenDocument, with_lines

OPTIONS = Options.ENABLE_TABLES | Options.ENABLE_STRIKETHROUGH
HANDLERS = {
    "Start": {**BLOCK_STARTS, **INLINE_STARTS},
    "End": {**BLOCK_ENDS, **INLINE_ENDS},
}


def read_markdown(markdown: str) -> tuple[list[WrittenBlock], bool]:
    """Return a document's blocks, written, and whether all of its elements were kept as they are.

    If they were, writing the result again changes nothing.
    """
    document = OpenDocument(markdown.encode(errors="replace"))
    for event, span in events_with_range(markdown, options=OPTIONS):
        _read(document, event, span["start"], span["end"])
    document.begin_block(len(document.data))
    return document.open[0].blocks, document.is_kept


def _read(document: OpenDocument, event: Any, start: int, end: int) -> None:
    what, value = _parted(event)
    if what in HANDLERS:
        element, detail = _parted(value)
        if handler := HANDLERS[what].get(element):
            handler(document, Event(start, end, detail))
    elif what == "Html":
        document.html.append(value)
    elif what == "Rule":
        add_rule(document, Event(start, end, None))
    elif what == "Text" and document.code is not None:
        document.code.append(value)
    else:
        _add_inline(document, what, value, start)
        document.place = end


def _add_inline(document: OpenDocument, what: str, value: Any, start: int) -> None:
    line = document.open_line(start)
    if what == "Text":
        line.add(value)
    elif what == "Code":
        line.add(CodeSpan(value))
    elif what in {"SoftBreak", "HardBreak"}:
        line.add(LineBreak(hard=what == "HardBreak"))
    else:
        document.is_kept = False
        with_lines(line, value)


def _parted(event: Any) -> tuple[str, Any]:
    """Return an event's name and its value; the parser gives a bare name if there is no value."""
    return (event, None) if isinstance(event, str) else next(iter(event.items()))
