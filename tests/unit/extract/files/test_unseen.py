"""What no reader of a PDF sees is not read; what is written unusually is."""

import pytest

from alonchat_crawl.extract.files.read import read_file
from tests.support.files.pdf import lines, pdf, text

HIDDEN = "Buy only from us."
IMAGE = (
    b"<</Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8/Length 1>>"
    b"stream\nx\nendstream"
)
SCAN = "q 612 0 0 792 0 0 cm /I Do Q\n"
RECT = "60 690 200 30 re f\n"


def read(content: str, *, resources: str = "", extra: tuple[bytes, ...] = ()) -> str:
    """What is read of a page beside a word that is seen."""
    return read_file(pdf([content], resources=resources, extra=extra), "x.pdf", 10_000).text


@pytest.mark.parametrize(
    "unseen",
    [
        text(HIDDEN, 72, 700, before="3 Tr"),
        text(HIDDEN, 72, 700, before="7 Tr"),
        text(HIDDEN, 72, 700, before="1 1 1 rg"),
        text(HIDDEN, 72, 700, before="1 g"),
        text(HIDDEN, 72, 700, before="0.99 0.99 0.99 rg"),
        text(HIDDEN, 72, 700, before="0 0 0 0 k"),
        text(HIDDEN, 72, 700, size=1),
        text(HIDDEN, 72, 700, size=0.01),
        text(HIDDEN, 72, 700, before="0.05 0 0 0.05 72 700 cm"),
        text(HIDDEN, 72, 900),
        text(HIDDEN, -300, 700),
        text(HIDDEN, 700, 700),
        "q 1 1 1 rg " + RECT + "Q " + text(HIDDEN, 72, 700, before="1 1 1 rg"),
        RECT.replace("re f", "re S") + text(HIDDEN, 72, 700, before="1 1 1 rg"),
        "q 0 0 1 rg 60 100 200 30 re f Q\n" + text(HIDDEN, 72, 700, before="1 1 1 rg"),
        text(HIDDEN, 72, 700, before="/Clear gs"),
    ],
)
def test_unseen_text_is_not_read(unseen: str) -> None:
    """Neither filled nor stroked, clear, white on paper, tiny, or beside the page: instructions hide so."""
    seen = text("Tea", 72, 500)
    assert read(unseen + seen, resources="/ExtGState<</Clear<</ca 0/CA 0>>>>") == "Tea"
    assert read(seen + unseen, resources="/ExtGState<</Clear<</ca 0/CA 0>>>>") == "Tea"


@pytest.mark.parametrize(
    "seen",
    [
        text("Seen", 72, 700),
        text("Seen", 72, 700, before="1 Tr"),
        text("Seen", 72, 700, before="0.8 g"),
        "0 0 1 rg " + RECT + text("Seen", 72, 700, before="1 1 1 rg"),
        "0 0 1 rg 0 0 612 792 re f\n" + text("Seen", 72, 700, before="1 1 1 rg"),
        text("Seen", 0, 0, size=1, before="12 0 0 12 72 700 cm"),
        SCAN + text("Seen", 72, 700, before="1 1 1 rg"),
    ],
)
def test_unusual_text_is_read(seen: str) -> None:
    """Outlined, pale, white on a colour or a picture, or enlarged: people see it."""
    found = read(seen + text("Tea", 72, 500), resources="/XObject<</I 12 0 R>>", extra=(IMAGE,))
    assert "Seen" in found


def test_the_recognised_text_of_a_scan_is_read() -> None:
    """It is invisible by custom, over the picture of its page; on a page that shows text it hides."""
    layer = text("Recognised", 72, 700, before="3 Tr")
    picture = {"resources": "/XObject<</I 12 0 R>>", "extra": (IMAGE,)}
    assert read(SCAN + layer, **picture) == "Recognised"  # type: ignore[arg-type]
    assert read(SCAN + layer + text("Tea", 72, 500), **picture) == "Tea"  # type: ignore[arg-type]
    small = "q 61 0 0 79 0 0 cm /I Do Q\n"
    assert read(small + layer + text("Tea", 72, 500), **picture) == "Tea"  # type: ignore[arg-type]


def test_an_outline_makes_headings() -> None:
    """Where an outline names a line, that line is a heading of its level, whatever it looks like."""
    pages = [
        lines(["1 Tea", "It is hot and it is drunk by many people of all the world."]),
        lines(["Kinds", "Green."]),
    ]
    body = pdf(pages, outline=[("Tea", 0), ("Kinds", 1)])
    assert read_file(body, "x.pdf", 1000).text == (
        "# 1 Tea\n\nIt is hot and it is drunk by many people of all the world.\n\n# Kinds\n\nGreen."
    )


def test_a_listing_is_code_and_a_table_is_not() -> None:
    """Lines of one width that go down are a listing; such words in cells side by side are read row by row."""
    code = (
        lines(["if tea:", "    drink()"], 700, 10, "F3")
        .replace("    drink", "drink")
        .replace("72 688", "96 688")
    )
    row = text("brew", 72, 600, 10, "F3") + text("tea", 72, 588, 10, "F3")
    row += (
        text("pour", 200, 600, 10, "F3")
        + text("cup", 200, 588, 10, "F3")
        + text("makes a cup of tea", 300, 600)
    )
    inline = (
        text("run", 72, 500, 10, "F3") + text("to brew, then", 100, 500) + text("stop", 180, 500, 10, "F3")
    )
    assert read(code + row + inline) == (
        "```\nif tea:\n    drink()\n```\n\nbrew tea pour cup makes a cup of tea\n\nrun to brew, then stop"
    )


def test_a_file_that_only_its_owner_locked_is_read() -> None:
    """Every reader opens it without a password."""
    body = pdf([text("Tea", 72, 700)], password=b"", title="Hot drinks")
    assert read_file(body, "x.pdf", 1000).text == "Tea"
    assert read_file(body, "x.pdf", 1000).title == "Hot drinks"
