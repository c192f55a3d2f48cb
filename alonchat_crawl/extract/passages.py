"""A page's visible text as passages, each the text that stands directly in one block element."""

import re
from collections.abc import Container
from dataclasses import dataclass, field

from selectolax.lexbor import LexborNode

INLINE = frozenset(
    """a abbr acronym b bdi bdo big br cite code data del dfn em font i img ins kbd label mark meter nobr
    output picture q rp rt ruby s samp small source span strike strong sub sup
    time tt u var wbr""".split()  # noqa: SIM905  easier to read
)
NAME_MAX_CHARS = 400  # of an element's class and id; utility frameworks write more, which says nothing
NAME_WORD = re.compile("[a-z]{3,}|[A-Z][a-z]{2,}|[A-Z]{3,}")
LANDMARKS = {
    "navigation": "nav",
    "banner": "header",
    "contentinfo": "footer",
    "complementary": "aside",
    "main": "main",
    "article": "article",
    "search": "form",
    "dialog": "dialog",
    "alertdialog": "dialog",
    "menu": "menu",
    "menubar": "menu",
}
AREAS = frozenset(
    """nav header footer aside main article form li table section blockquote figure details dl pre
    dialog menu""".split()  # noqa: SIM905  easier to read
)
CELLS = frozenset(["td", "th"])


@dataclass(slots=True)
class Element:
    """An element on the way from the body to some text."""

    node: LexborNode
    tag: str
    parent: "Element | None"
    block: "Element"
    """Itself, or for an inline element the block it stands in."""
    areas: frozenset[str]
    names: frozenset[str]
    """Telling words of the classes and ids from the body down to here."""
    shape: str
    """Tags and first classes of the last few blocks: the same for the cards of a list."""
    link: bool
    depth: int = 0
    """How many blocks it stands in, itself counted."""
    passage: "Passage | None" = None
    alive: bool = False
    """Whether text in it is kept."""


@dataclass(slots=True, eq=False)
class Passage:
    """What stands directly in one block element, in reading order."""

    block: Element
    names: frozenset[str]
    texts: list[str] = field(default_factory=list)
    nodes: list[tuple[LexborNode, Element]] = field(default_factory=list)
    """Its text nodes, each with its parent."""
    linked: int = 0
    """Characters that are part of a link."""
    text: str = ""
    words: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Text:
    """All of a page's text."""

    passages: list[Passage]
    elements: list[Element]
    """In document order, the body first."""


def read(body: LexborNode, telling: Container[str]) -> Text:
    """Walk the body once, keeping the `telling` words of classes and ids.

    Whatever shows nothing must have been removed from the body before.
    """
    nothing: frozenset[str] = frozenset()
    labels: dict[str, frozenset[str]] = {}
    root = Element(body, "body", None, None, nothing, nothing, "", link=False)  # type: ignore[arg-type]
    root.block = root
    known = {body.mem_id: root}
    elements, passages = [root], list[Passage]()
    for node in body.traverse(include_text=True):
        tag = node.tag or "-"
        if tag[0] in "-!" and tag != "-text":
            continue
        parent = known.get(node.parent.mem_id) if node.parent else None
        if parent is None:
            continue
        if tag == "-text":
            text = node.text_content
            if text and not text.isspace():
                _add(passages, parent, node, text)
        else:
            element = known[node.mem_id] = _element(node, tag, parent, telling, labels)
            elements.append(element)
    for passage in passages:
        passage.words = "".join(passage.texts).split()
        passage.text = " ".join(passage.words)
    return Text(passages, elements)


def _add(passages: list[Passage], parent: Element, node: LexborNode, text: str) -> None:
    block = parent.block
    passage = block.passage
    if passage is None:
        passage = block.passage = Passage(block, block.names)
        passages.append(passage)
    passage.texts.append(text)
    passage.nodes.append((node, parent))
    if parent.names is not passage.names:
        passage.names |= parent.names
    if parent.link:
        passage.linked += len(text.strip())


def _element(
    node: LexborNode, tag: str, parent: Element, telling: Container[str], labels: dict[str, frozenset[str]]
) -> Element:
    if tag in INLINE:  # their names style a few words: not worth the time
        link = parent.link or tag == "a"
        return Element(
            node, tag, parent, parent.block, parent.areas, parent.names, parent.shape, link, parent.depth
        )
    attributes = node.attributes
    names, areas = parent.names, parent.areas
    classes = attributes.get("class") or ""
    if attributes:
        label = f"{classes} {attributes.get('id') or ''}"
        words = labels.get(label)
        if words is None:
            found = map(str.lower, NAME_WORD.findall(label[:NAME_MAX_CHARS]))
            words = labels[label] = frozenset(word for word in found if word in telling)
        if not words <= names:
            names |= words
    area = tag if tag in AREAS else LANDMARKS.get(attributes.get("role") or "", "")
    if area and area not in areas:
        areas = areas | {area}
    shape = f"{parent.shape[-60:]}>{tag}.{classes[:20]}"
    element = Element(node, tag, parent, parent, areas, names, shape, parent.link, parent.depth + 1)
    element.block = element
    return element
