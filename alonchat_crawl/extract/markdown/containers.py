"""Blocks of Markdown, written: how lists and quotes are put together from what stands in them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal, NamedTuple

Kind = Literal["text", "heading", "code", "table", "list", "quote", "rule"]
CAN_FOLLOW = frozenset({"list", "heading", "quote"})  # an item's text, without a blank line between


class Piece(NamedTuple):
    """A block, written."""

    kind: Kind
    text: str


class Item(NamedTuple):
    """A list's item."""

    marker: str
    """Its bullet, or its number with what follows it."""
    pieces: Sequence[Piece]


@dataclass(slots=True)
class Container:
    """A list, an item, a quote, or the document, as far as it is read."""

    name: str
    marker: str = ""
    """Of an item."""
    pieces: list[Piece] = field(default_factory=list)
    items: list[Item | Piece] = field(default_factory=list)
    """Of a list; a piece among them parts it in two."""
    is_loose: bool = False
    """Whether blank lines stand between a list's items."""


def grouped(pieces: Sequence[Piece]) -> list[tuple[bool, list[Piece]]]:
    """Part code, which stands at the top level only, from the rest, in order."""
    return [(is_code, list(group)) for is_code, group in groupby(pieces, lambda piece: piece.kind == "code")]


def list_pieces(found: Container) -> list[Piece]:
    """Return a list's blocks: itself, or its parts and what stands between them."""
    items = [item for item in found.items if isinstance(item, Item)]
    loose = found.is_loose or any(_needs_space(piece) for item in items for piece in item.pieces[1:])
    between = "\n\n" if loose else "\n"
    pieces: list[Piece] = []
    for is_item, group in groupby(found.items, key=lambda item: isinstance(item, Item)):
        if is_item:
            text = between.join(_with_marker(item, between) for item in group if isinstance(item, Item))
            pieces.append(Piece("list", text))
        else:
            pieces += [piece for piece in group if isinstance(piece, Piece)]
    return pieces


def quote_pieces(found: Container) -> list[Piece]:
    """Return a quote's blocks: itself, or its parts and what stands between them."""
    pieces: list[Piece] = []
    for is_code, group in grouped(found.pieces):
        if is_code:
            pieces += group
        else:
            lines = "\n\n".join(piece.text for piece in group).split("\n")
            pieces.append(Piece("quote", "\n".join(f"> {line}" if line else ">" for line in lines)))
    return pieces


def _needs_space(piece: Piece) -> bool:
    """Whether a parser would take it for part of the text above, as it does a list that begins with 2."""
    return piece.kind not in CAN_FOLLOW or piece.text[0].isdigit()


def _with_marker(item: Item, between: str) -> str:
    first, *further = between.join(piece.text for piece in item.pieces).split("\n")
    indent = " " * (len(item.marker) + 1)
    return "\n".join([f"{item.marker} {first}", *(indent + line if line else "" for line in further)])
