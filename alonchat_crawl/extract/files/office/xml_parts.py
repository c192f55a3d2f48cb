"""Streams XML from a stranger: no entities, no DTDs unless the format has them, no depth, little memory.

libxml2 itself refuses more than 256 levels and text nodes over 10 MB, unless `huge_tree` is set.
"""

import re
from collections.abc import Collection, Iterator
from itertools import chain
from typing import IO, Any, TypeAlias

from lxml import etree  # type: ignore[import-untyped]

from alonchat_crawl.parser_errors import GiveUp
from alonchat_crawl.reasons import Reason

PROLOG_MAX_BYTES = 1 << 16  # up to the root element: a declaration, a comment, perhaps a DOCTYPE
TAG_END = re.compile(rb"(?<=>)")
Element: TypeAlias = Any  # an lxml element: that library ships no types
CANNOT_READ = "An XML part cannot be read."


def elements(part: IO[bytes], *tags: str, starts: Collection[str] = ()) -> Iterator[tuple[str, Element]]:
    """Yield ("end", element) for each element of `tags`, ("start", element) for each of `starts`, in order.

    Names are local: one format has several namespaces (ISO 29500 strict and transitional). The caller drops
    each element that it has used. Raises GiveUp: "xml bomb", "file malformed".
    """
    head = part.read(PROLOG_MAX_BYTES)
    check_prolog(head, doctype=False)
    parser = etree.XMLPullParser(
        events=("start", "end") if starts else ("end",),
        tag=[f"{{*}}{tag}" for tag in {*tags, *starts}],
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
    )
    wanted = {("end", tag) for tag in tags} | {("start", tag) for tag in starts}
    try:
        for piece in chain([head], iter(lambda: part.read(PROLOG_MAX_BYTES), b"")):
            parser.feed(piece)
            for event, element in parser.read_events():
                if (event, local(element)) in wanted:
                    yield event, element
        parser.close()
    except etree.XMLSyntaxError as error:
        if "depth" in str(error):
            raise GiveUp(Reason.XML_BOMB, "Its XML is nested too deeply.") from error
        raise GiveUp(Reason.FILE_MALFORMED, CANNOT_READ) from error


def tree(data: bytes, *, doctype: bool = False) -> Element:
    """Parse a small part as a whole; raises GiveUp as `elements`."""
    check_prolog(data[:PROLOG_MAX_BYTES], doctype=doctype)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        if "depth" in str(error):
            raise GiveUp(Reason.XML_BOMB, "Its XML is nested too deeply.") from error
        raise GiveUp(Reason.FILE_MALFORMED, CANNOT_READ) from error


def check_prolog(head: bytes, *, doctype: bool) -> None:
    """Raise GiveUp("xml bomb") for a DTD that declares entities, and for any DTD unless `doctype`.

    The parser itself reads up to the root element, so that no encoding can hide a DTD.
    """
    parser = etree.XMLPullParser(events=("start",), resolve_entities=False, no_network=True, load_dtd=False)
    try:
        for piece in TAG_END.split(head):  # so that nothing after the root's tag is parsed yet
            parser.feed(piece)
            for _, root in parser.read_events():
                subset = root.getroottree().docinfo.internalDTD
                if subset is not None and (not doctype or any(True for _ in subset.iterentities())):
                    raise GiveUp(Reason.XML_BOMB, "Its XML declares entities of its own.")
                return
    except etree.XMLSyntaxError as error:
        raise GiveUp(Reason.FILE_MALFORMED, CANNOT_READ) from error
    raise GiveUp(Reason.FILE_MALFORMED, "An XML part has no root element.")


def local(element: Element) -> str:
    """Return an element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def attribute(element: Element | None, name: str) -> str:
    """Return an attribute by its local name; empty if there is none."""
    if element is None:
        return ""
    found = element.get(name)
    if found is not None:
        return str(found)
    return next((str(value) for key, value in element.items() if str(key).rpartition("}")[2] == name), "")


def child(element: Element | None, *path: str) -> Element | None:
    """Return the first descendant along a path of local names; None if there is none."""
    for name in path:
        if element is None:
            return None
        element = next((each for each in element if local(each) == name), None)
    return element


def children(element: Element | None, *path: str) -> list[Element]:
    """Return the children of what `child` returns; none if that is None."""
    found = child(element, *path)
    return list(found) if found is not None else []


def drop(element: Element) -> None:
    """Free an element that was used, and those before it: a long part is never in memory as a whole."""
    element.clear()
    parent = element.getparent()
    if parent is not None:
        while element.getprevious() is not None:
            del parent[0]
