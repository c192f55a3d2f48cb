"""Written blocks of Markdown, and how they make up lists and quotes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal, NamedTuple

BlockKind = Literal["text", "heading", "code", "table", "list", "quote", "rule"]
CAN_FOLLOW = frozenset({"list", "heading", "quote"})  # an item's text without a blank line


class WrittenBlock(NamedTuple):
    """A block as Markdown."""

    kind: BlockKind
    text: str


class ListItem(NamedTuple):
    """A list's item."""

    marker: str
    """Its bullet, or its number with the mark after it."""
    blocks: Sequence[WrittenBlock]


@dataclass(slots=True)
class OpenBlock:
    """A list, an item, a quote, or the document, while it is read."""

    name: str
    marker: str = ""
    """Of an item."""
    blocks: list[WrittenBlock] = field(default_factory=list)
    items: list[ListItem | WrittenBlock] = field(default_factory=list)
    """Of a list; a block among them divides the list in two."""
    is_loose: bool = False
    """Whether blank lines stand between a list's items."""


def split_at_code(blocks: Sequence[WrittenBlock]) -> list[tuple[bool, list[WrittenBlock]]]:
    """Group blocks, in order, into code, which may stand at the top level only, and others."""
    return [(is_code, list(group)) for is_code, group in groupby(blocks, lambda block: block.kind == "code")]


def list_blocks(found: OpenBlock) -> list[WrittenBlock]:
    """Return the list as a block, or its parts and the blocks between them."""
    items = [item for item in found.items if isinstance(item, ListItem)]
    loose = found.is_loose or any(_needs_space(block) for item in items for block in item.blocks[1:])
    between = "\n\n" if loose else "\n"
    blocks: list[WrittenBlock] = []
    for is_item, group in groupby(found.items, key=lambda item: isinstance(item, ListItem)):
        if is_item:
            text = between.join(_with_marker(item, between) for item in group if isinstance(item, ListItem))
            blocks.append(WrittenBlock("list", text))
        else:
            blocks += [block for block in group if isinstance(block, WrittenBlock)]
    return blocks


def quote_blocks(found: OpenBlock) -> list[WrittenBlock]:
    """Return the quote as a block, or its parts and the code between them."""
    blocks: list[WrittenBlock] = []
    for is_code, group in split_at_code(found.blocks):
        if is_code:
            blocks += group
        else:
            lines = "\n\n".join(block.text for block in group).split("\n")
            blocks.append(WrittenBlock("quote", "\n".join(f"> {line}" if line else ">" for line in lines)))
    return blocks


def _needs_space(block: WrittenBlock) -> bool:
    """Whether a parser takes it for part of the text above it, as it does with a list that begins with 2."""
    return block.kind not in CAN_FOLLOW or block.text[0].isdigit()


def _with_marker(item: ListItem, between: str) -> str:
    first, *further = between.join(block.text for block in item.blocks).split("\n")
    indent = " " * (len(item.marker) + 1)
    return "\n".join([f"{item.marker} {first}", *(indent + line if line else "" for line in further)])
