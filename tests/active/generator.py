"""Random hostile documents: fragments of every construct, mixed, nested and cut."""

from collections.abc import Iterator
from random import Random

from tests.active.seeds import DEFINITIONS, LINKS, LIVE, OPENERS, TAGS, WRAPPERS

ENDS = (
    "\n",
    "\n\n",
    "\n",
    " ",
    "",
    "\r\n",
    "\n> ",
    "\n- ",
    "\n    ",
    "\n\t",
    "\n| ",
    "\n  ",
    "\\\n",
    "  \n",
    "\n---\n",
    "\n===\n",
)
ATOMS = (
    *"`~<>[]()!\\|*_#:&-+=^$'\"{}@/ \n\t",
    *("```", "~~~", "``", "](", "]:", "![", "<a", "</", "<!--", "-->", "&lt;", "&#60;", "&gt;", "&amp;"),
    *("javascript:", "://", "http://a.example/", "www.", "xmpp:", "- ", "1. ", "> ", "    ", "| - |", "---"),
    *("\n\n", "\\`", "\\<", "a", "word", "[^1]", "«««", "»»»", "¨"),
)


def documents(number: int, seed: int) -> Iterator[str]:
    """Yield so many documents; the same for the same seed."""
    for index in range(number):
        yield _document(Random(f"{seed} {index}"))  # noqa: S311  # to be repeated


def _document(random: Random) -> str:
    parts = []
    for _ in range(random.randint(2, 9)):
        parts += [_fragment(random), random.choice(ENDS)]
    text = "".join(parts)
    return text[: random.randrange(len(text))] if random.random() < 0.1 else text


def _fragment(random: Random) -> str:
    kind = random.random()
    if kind < 0.3:
        return random.choice(OPENERS)
    if kind < 0.55:
        return random.choice((*LIVE, *LINKS, *DEFINITIONS, *TAGS))
    if kind < 0.85:
        return "".join(random.choices(ATOMS, k=random.randint(1, 8)))
    return random.choice(WRAPPERS).replace("{}", _fragment(random))
