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


@dataclass(slots=True, eq=False)
class Block:
    """An element that text stands in, or that such blocks stand in. The body is the first."""

    number: int
    """In document order."""
    tag: str
    outer: "Block | None"
    areas: frozenset[str]
    names: frozenset[str]
    """Telling words of the classes and ids from the body down to here."""
    shape: str
    """Tags and first classes of the last few blocks: the same for the cards of a list."""
    link: bool
    depth: int
    """How many blocks it stands in, itself counted."""
    passage: int = -1
    """The number of the passage in it; -1 where it has none."""


@dataclass(slots=True, eq=False)
class Element:
    """An element on the way from the body to some text. Nothing points back to it: no cycles to collect."""

    node: LexborNode
    tag: str
    parent: "Element | None"
    block: Block
    """Its own, or for an inline element the one it stands in."""
    link: bool
    alive: bool = False
    """Whether text in it is kept."""


@dataclass(slots=True, eq=False)
class Passage:
    """What stands directly in one block element, in reading order."""

    block: Block
    texts: list[str] = field(default_factory=list)
    nodes: list[LexborNode] = field(default_factory=list)
    """Its text nodes."""
    parents: list[Element] = field(default_factory=list)
    """Of each text node."""
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
    blocks: list[Block]


def read(body: LexborNode, telling: Container[str]) -> Text:
    """Walk the body once, keeping the `telling` words of classes and ids.

    Whatever shows nothing must have been removed from the body before.
    """
    nothing: frozenset[str] = frozenset()
    labels: dict[str, frozenset[str]] = {}
    root = Block(0, "body", None, nothing, nothing, "", link=False, depth=0)
    parent = Element(body, "body", None, root, link=False)
    elements, passages, blocks = [parent], list[Passage](), [root]
    node = body.first_child
    while node is not None:
        tag = node.tag or "-"
        inner = None
        if tag == "-text":
            text = node.text_content
            if text and not text.isspace():
                _add(passages, parent, node, text)
        elif tag[0] not in "-!":
            inner = node.first_child
            block, link = parent.block, parent.link
            if tag in INLINE:  # their names style a few words: not worth the time
                link = link or tag == "a"
            else:
                block = _block(len(blocks), node, tag, block, link, telling, labels)
                blocks.append(block)
            element = Element(node, tag, parent, block, link)
            elements.append(element)
            if inner is not None:
                parent = element
        following = inner or node.next
        while following is None and parent.parent is not None:
            following = parent.node.next
            parent = parent.parent
        node = following
    for passage in passages:
        passage.words = "".join(passage.texts).split()
        passage.text = " ".join(passage.words)
    return Text(passages, elements, blocks)


def _add(passages: list[Passage], parent: Element, node: LexborNode, text: str) -> None:
    block = parent.block
    if block.passage < 0:
        block.passage = len(passages)
        passages.append(Passage(block))
    passage = passages[block.passage]
    passage.texts.append(text)
    passage.nodes.append(node)
    passage.parents.append(parent)
    if parent.link:
        passage.linked += len(text.strip())


def _block(
    number: int,
    node: LexborNode,
    tag: str,
    outer: Block,
    link: bool,  # noqa: FBT001  one of many, by the walk only
    telling: Container[str],
    labels: dict[str, frozenset[str]],
) -> Block:
    attributes = node.attributes
    names, areas, classes, role = outer.names, outer.areas, "", ""
    if attributes:
        classes, role = attributes.get("class") or "", attributes.get("role") or ""
        label = f"{classes} {attributes.get('id') or ''}"
        words = labels.get(label)
        if words is None:
            found = map(str.lower, NAME_WORD.findall(label[:NAME_MAX_CHARS]))
            words = labels[label] = frozenset(word for word in found if word in telling)
        if not words <= names:
            names |= words
    area = tag if tag in AREAS else LANDMARKS.get(role, "")
    if area and area not in areas:
        areas = areas | {area}
    shape = f"{outer.shape[-60:]}>{tag}.{classes[:20]}"
    return Block(number, tag, outer, areas, names, shape, link, outer.depth + 1)
