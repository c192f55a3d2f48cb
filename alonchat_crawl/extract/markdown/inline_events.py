"""Emphasis, links and images within a line of Markdown, as their events come."""

import re
from collections.abc import Callable, Mapping

from alonchat_crawl.extract.markdown.open_document import Event, OpenDocument

# These would become part of an address beside them, because its angle brackets are not written.
JOINED_BEFORE = re.compile(rb"[A-Za-z0-9\x80-\xff>]")
JOINED_AFTER = re.compile(rb"[A-Za-z0-9\x80-\xff/?#&=%\[!`-]")


def _start_emphasis(document: OpenDocument, event: Event) -> None:
    _start_marked(document, event.start, document.data[event.start : event.start + 1])


def _start_strong(document: OpenDocument, event: Event) -> None:
    _start_marked(document, event.start, document.data[event.start : event.start + 2])


def _start_struck(document: OpenDocument, event: Event) -> None:
    _start_marked(document, event.start, b"~~" if document.data.startswith(b"~~", event.start) else b"~")


def _start_marked(document: OpenDocument, start: int, mark: bytes) -> None:
    document.open_line(start).begin(mark.decode(errors="replace"))
    document.place = start + len(mark)


def _start_link(document: OpenDocument, event: Event) -> None:
    is_bare = event.detail["link_type"] in {"Autolink", "Email"}
    if is_bare and JOINED_BEFORE.match(document.data, max(0, event.start - 1)):
        document.open_line(event.start).add(" ")
    document.open_line(event.start).begin("" if is_bare else event.detail["dest_url"], link=True)
    document.place = event.start


def _start_image(document: OpenDocument, event: Event) -> None:
    document.open_line(event.start).begin("")
    document.place = event.start


def _end_inline(document: OpenDocument, event: Event) -> None:
    if document.line is not None:
        document.line.end()
        if document.data.startswith(b">", event.end - 1) and JOINED_AFTER.match(document.data, event.end):
            document.line.add(" ")
    document.place = max(document.place, event.end)


INLINE_STARTS: Mapping[str, Callable[[OpenDocument, Event], None]] = {
    "Emphasis": _start_emphasis,
    "Strong": _start_strong,
    "Strikethrough": _start_struck,
    "Link": _start_link,
    "Image": _start_image,
}
INLINE_ENDS: Mapping[str, Callable[[OpenDocument, Event], None]] = dict.fromkeys(INLINE_STARTS, _end_inline)
