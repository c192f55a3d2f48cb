"""Where source code is best cut: how deep in the syntax each line begins, and where its functions are."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from itertools import accumulate, count
from typing import NamedTuple, cast

from tree_sitter import Language, Node, Parser

GRAMMARS: Mapping[str, tuple[str, str]] = {
    "csharp": ("tree_sitter_c_sharp", "language"),
    "php": ("tree_sitter_php", "language_php"),
    "tsx": ("tree_sitter_typescript", "language_tsx"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
}
DEPTH_MAX = 20  # all deeper places are equally good
TAB_COLUMNS = 4
INDENT_COLUMNS = 2  # the narrowest common indentation
CLOSING = (b"}", b")", b"]", b"end", b"else", b"elif", b"except", b"finally", b"catch", b"fi", b"done")
SYNTAX_MAX_BYTES = 1_000_000  # a tree takes some hundred bytes for each byte of the worst code
READ_BYTES = 4096
BYTES_PER_STEP = 20  # of the parser's progress, at least; Python's standard library has 200
STEPS_MIN = 1000
SYMBOL_MAX_CHARS = 120


class Symbol(NamedTuple):
    """A class, function or the like of more than one line."""

    first: int
    """Line, from 0."""
    last: int
    name: str


class Syntax(NamedTuple):
    """What is known of a piece of code."""

    depths: Sequence[int]
    """For each line, how many syntax nodes of several lines are around its start; 0 is the outermost."""
    symbols: Sequence[Symbol]
    """In order, an outer one before those inside."""


def syntax(code: bytes, language: str | None) -> Syntax:
    """Parse code; if its language is unknown or its grammar fails, the indentation gives the depths."""
    root = _root(code, language) if language is not None and len(code) <= SYNTAX_MAX_BYTES else None
    if root is None or root.type == "ERROR":
        return Syntax(_indentation(code), ())
    lines = code.count(b"\n") + 1
    changes = [0] * (lines + 1)
    symbols: list[Symbol] = []
    for node, first, last in _spanning(root):
        changes[first + 1] += 1
        changes[last + 1] -= 1
        if name := _name(node):
            symbols.append(Symbol(first, last, name))
    return Syntax([min(depth, DEPTH_MAX) for depth in accumulate(changes[:lines])], symbols)


def _root(code: bytes, language: str) -> Node | None:
    """Parse; None if that would take long: the time to recover from errors grows with their square."""
    steps = count()
    most = STEPS_MIN + len(code) // BYTES_PER_STEP
    parser = Parser(_grammar(language))  # two threads must not share one
    try:
        return parser.parse(
            lambda offset, _: code[offset : offset + READ_BYTES],
            progress_callback=lambda *_: next(steps) > most,
        ).root_node
    except ValueError:
        return None


@cache
def _grammar(language: str) -> Language:
    """Load a grammar at its first use: each takes megabytes."""
    module, function = GRAMMARS.get(language, (f"tree_sitter_{language}", "language"))
    return Language(cast("Callable[[], object]", getattr(import_module(module), function))())


def _spanning(root: Node) -> Iterator[tuple[Node, int, int]]:
    """Yield the nodes of more than one line, with their first and last line, an outer one first."""
    todo = list(reversed(root.children))
    while todo:
        node = todo.pop()
        first, (last, column) = node.start_point[0], node.end_point
        last -= not column  # it ends with the line before this one
        if first < last:
            yield node, first, last
            todo.extend(reversed(node.children))


def _name(node: Node) -> str:
    if not node.is_named or node.type.startswith("preproc"):  # an include guard would have a name, too
        return ""
    named = node.child_by_field_name("name")
    declarator = node.child_by_field_name("declarator") if "function" in node.type else None
    while named is None and declarator is not None:  # C: the name is inside the declarator
        inner = declarator.child_by_field_name("declarator")
        named, declarator = (declarator, None) if inner is None else (None, inner)
    if named is None or named.text is None or named.start_point[0] != named.end_point[0]:
        return ""
    return named.text.decode(errors="replace")[:SYMBOL_MAX_CHARS]


def _indentation(code: bytes) -> list[int]:
    """Return each line's depth: a blank line has that of the line before; a block's last line is in it."""
    depths: list[int] = []
    for line in code.split(b"\n"):
        text = line.strip()
        if not text:
            depths.append(depths[-1] if depths else 0)
            continue
        columns = len(line[: len(line) - len(line.lstrip())].replace(b"\t", b" " * TAB_COLUMNS))
        depths.append(min(columns // INDENT_COLUMNS + text.startswith(CLOSING), DEPTH_MAX))
    return depths
