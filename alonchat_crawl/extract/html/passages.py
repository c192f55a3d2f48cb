"""A page's visible text as passages: each is the text directly in one block element."""

import re
from collections.abc import Container
from dataclasses import dataclass, field

from selectolax.lexbor import LexborNode

INLINE = frozenset(
    """a abbr acronym b bdi bdo big br cite code data del dfn em font i img ins kbd label mark meter nobr
    output picture q rp rt ruby s samp small source span strike strong sub sup
    time tt u var wbr""".split()  # noqa: SIM905  easier to read
)
NAME_MAX_CHARS = 400  # read of a class and id; only utility frameworks write more, and it tells nothing
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
class BlockElement:
    """A block element with text in it, or around others with text in them. The body is the first."""

    number: int
    """In document order."""
    tag: str
    outer: "BlockElement | None"
    areas: frozenset[str]
    names: frozenset[str]
    """The known words in the classes and ids of this element and of those around it."""
    shape: str
    """Tags and first classes of the last few blocks: the same for the cards of a list."""
    link: bool
    depth: int
    """How many blocks are around it; 0 of the body."""
    passage: int = -1
    """The number of the passage in it; -1 if it has none."""


@dataclass(slots=True, eq=False)
class Element:
    """An element between the body and some text. It knows only its parent: there are no cycles to collect."""

    node: LexborNode
    tag: str
    parent: "Element | None"
    block: BlockElement
    """The element itself; of an inline element, the block around it."""
    link: bool
    alive: bool = False
    """Whether some text in it is kept."""


@dataclass(slots=True, eq=False)
class Passage:
    """The text directly in one block element, in reading order."""

    block: BlockElement
    texts: list[str] = field(default_factory=list)
    nodes: list[LexborNode] = field(default_factory=list)
    """Its text nodes."""
    parents: list[Element] = field(default_factory=list)
    """The parent of each text node."""
    linked: int = 0
    """How many of its characters are in links."""
    text: str = ""
    words: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PageText:
    """All of a page's text."""

    passages: list[Passage]
    elements: list[Element]
    """In document order, the body first."""
    blocks: list[BlockElement]


def read_passages(body: LexborNode, known_names: Container[str]) -> PageText:
    """Walk the body once. Of classes and ids only the words among `known_names` are kept.

    Remove what readers do not see first.
    """
    nothing: frozenset[str] = frozenset()
    labels: dict[str, frozenset[str]] = {}
    root = BlockElement(0, "body", None, nothing, nothing, "", link=False, depth=0)
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
                block = _block(len(blocks), node, tag, block, link, known_names, labels)
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
    return PageText(passages, elements, blocks)


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
    outer: BlockElement,
    link: bool,  # noqa: FBT001  one of many, by the walk only
    known_names: Container[str],
    labels: dict[str, frozenset[str]],
) -> BlockElement:
    attributes = node.attributes
    names, areas, classes, role = outer.names, outer.areas, "", ""
    if attributes:
        classes, role = attributes.get("class") or "", attributes.get("role") or ""
        label = f"{classes} {attributes.get('id') or ''}"
        words = labels.get(label)
        if words is None:
            found = map(str.lower, NAME_WORD.findall(label[:NAME_MAX_CHARS]))
            words = labels[label] = frozenset(word for word in found if word in known_names)
        if not words <= names:
            names |= words
    area = tag if tag in AREAS else LANDMARKS.get(role, "")
    if area and area not in areas:
        areas = areas | {area}
    shape = f"{outer.shape[-60:]}>{tag}.{classes[:20]}"
    return BlockElement(number, tag, outer, areas, names, shape, link, outer.depth + 1)
