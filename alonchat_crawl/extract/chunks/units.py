"""Units, which chunks are made of, and the ranks that say how bad it is to cut before each."""

from dataclasses import dataclass, replace

PIECE_SHARE = 8  # an eighth of a chunk: text is not cut finer, and what is repeated takes no more

# The higher a unit's rank, the worse it is to cut before it. A heading's rank is its level, 1 to 6.
LIKE_HEADING = 7  # a line that is no heading but looks like one
BLOCK = 8
IN_BLOCK = 32
IN_LINE = 120


@dataclass(frozen=True, slots=True)
class Unit:
    """Text that is not cut. Its places are bytes of UTF-8; only white space is between two units."""

    start: int
    end: int
    rank: int
    """How bad it is to begin a chunk with it."""
    head: bytes = b""
    """What a chunk that begins with it repeats first: the code's opening fence, the table's head."""
    tail: bytes = b""
    """What a chunk that ends with it adds: the code's closing fence."""
    under_heading: bool = False
    """Whether a heading is right before it: a cut between them would leave the heading behind."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a class or function is in a block of code; bytes of UTF-8."""

    start: int
    end: int
    path: tuple[str, ...]
    """The names of the classes and functions around it, and its own."""


def first_of_block(unit: Unit, rank: int, *, under_heading: bool) -> Unit:
    """Return the unit as the first of its block: nothing needs to be repeated before it."""
    return replace(unit, rank=rank, head=b"", under_heading=under_heading)
