"""PDFs, office documents, tables and pages that are made to harm their reader."""

from collections.abc import Iterator

from tests.support.files import office
from tests.support.files.office import HEAD, W, docx, docx_parts, par, zipped
from tests.support.files.pdf import pdf, text, written

MEGABYTE = 1 << 20
Attack = tuple[str, bytes]


def pdfs() -> Iterator[Attack]:
    """Yield PDFs that go in circles, claim too much, are locked or show nothing."""
    page = text("Tea", 72, 700)
    yield "file encrypted, RC4", pdf([page], password=b"secret")
    yield "encrypted for its owner only", pdf([page], password=b"")
    yield "file without text, a blank page", pdf([""])
    yield "file malformed, no pages", pdf([])
    catalogue = b"<</Type/Catalog/Pages 2 0 R>>"
    yield "pages in a circle", written({1: catalogue, 2: b"<</Type/Pages/Count 9/Kids[2 0 R 2 0 R]>>"})
    yield (
        "millions of pages",
        written({1: catalogue, 2: b"<</Type/Pages/Count 2147483647/Kids[3 0 R]>>", 3: b"<</Type/Page>>"}),
    )
    yield "one page many times", written({
        1: catalogue,
        2: b"<</Type/Pages/Count 20000/Kids[" + b"3 0 R " * 20_000 + b"]>>",
        3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
    })  # fmt: skip
    yield "deep arrays", written({1: catalogue, 2: b"[" * 100_000})
    yield "deep dictionaries", written({1: catalogue, 2: b"<</A" * 50_000})
    yield "circular length", pdf([page]).replace(b"/Filter", b"/Length 11 0 R/Filter", 1)
    yield "circular reference", written({1: b"2 0 R", 2: b"1 0 R"})
    form = b"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 12 0 R>>>>/Length 5>>stream\n/X Do\nendstream"
    yield "a form in itself", pdf(["/X Do\n" + page], resources="/XObject<</X 12 0 R>>", extra=[form])
    outline = pdf([page], outline=[("Tea", 0), ("More", 0)])
    yield "outline in a circle", outline.replace(b"/Next 13 0 R", b"/Next 12 0 R")
    yield "nested states", pdf(["q " * 200_000 + page])
    yield "a long line", pdf([text("x" * 200_000, 72, 700)])
    yield "huge font", pdf([text("Tea", 72, 700, 1e30)])
    yield "far away", pdf([text("Tea", 1e30, -1e30)])
    yield "a bomb", pdf([" " * (16 * MEGABYTE) + page])
    yield (
        "filters on filters",
        pdf([page]).replace(b"/Filter/FlateDecode", b"/Filter[" + b"/FlateDecode" * 500 + b"]"),
    )
    yield "html before", b"<html><body>Tea</body></html>" + pdf([page])
    yield "noise before", b"\x00\x01\x02" * 100 + pdf([page])
    yield (
        "script",
        pdf([page]).replace(b"/Type/Catalog", b"/Type/Catalog/OpenAction<</S/JavaScript/JS(app.alert(1))>>"),
    )


def docxs() -> Iterator[Attack]:
    """Yield DOCX files that go in circles or are without end."""
    style = f'{HEAD}<w:styles xmlns:w="{W}"><w:style w:styleId="a"><w:basedOn w:val="b"/></w:style><w:style w:styleId="b"><w:basedOn w:val="a"/></w:style></w:styles>'
    yield "styles in a circle", docx(par("Tea", "a"), parts={"word/styles.xml": style})
    tables = "<w:tbl><w:tr><w:tc>" * 60 + par("Tea") + "</w:tc></w:tr></w:tbl>" * 60
    yield "tables in tables", docx(tables)
    yield (
        "a wide cell",
        docx(
            f'<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="99999999"/></w:tcPr>{par("Tea")}</w:tc></w:tr></w:tbl>'
        ),
    )
    yield (
        "a huge number",
        docx(par("Tea", properties=f'<w:numPr><w:ilvl w:val="{"9" * 5000}"/><w:numId w:val="1"/></w:numPr>')),
    )
    yield (
        "relations to itself",
        zipped(
            {**docx_parts(par("Tea")), "_rels/.rels": office.relationships(("officeDocument", "_rels/.rels"))}
        ),
    )
    yield (
        "relations outside",
        zipped(
            {
                **docx_parts(par("Tea")),
                "_rels/.rels": office.relationships(("officeDocument", "../../../etc/passwd")),
            }
        ),
    )
    yield (
        "macros",
        zipped({**docx_parts(par("Tea")), "word/vbaProject.bin": b"\xd0\xcf\x11\xe0" + b"Shell" * 99}),
    )


def xlsxs() -> Iterator[Attack]:
    """Yield XLSX files with references beyond everything."""
    for what, cell in (
        ("a far column", '<c r="XFD1048576"><v>1</v></c>'),
        ("a string beyond the last", '<c t="s"><v>999999999</v></c>'),
        ("a negative string", '<c t="s"><v>-1</v></c>'),
        ("no number", '<c s="1"><v>nan</v></c><c s="1"><v>inf</v></c><c><v>1e999</v></c><c><v>tea</v></c>'),
        ("a style beyond the last", '<c s="99999999999999999999"><v>1</v></c>'),
        ("a long number", f"<c><v>{'9' * 100_000}</v></c>"),
    ):
        yield what, office.xlsx({"A": f'<sheetData><row r="1">{cell}</row></sheetData>'}, strings=["Tea"])
    yield "a million rows", office.xlsx({"A": f"<sheetData>{'<row/>' * 20_000}</sheetData>"})
    yield (
        "columns without end",
        office.xlsx({"A": '<cols><col min="1" max="999999999999" hidden="1"/></cols><sheetData/>'}),
    )
    yield "many sheets", office.xlsx({f"S{n}": "<sheetData/>" for n in range(1001)})


def csvs() -> Iterator[Attack]:
    """Yield CSV files without quotes or ends."""
    yield "an open quote", b'a,b\n"' + b"x,\n" * 200_000
    yield "quotes only", b'"' * 300_000
    yield "delimiters only", b",;\t|" * 100_000
    yield "a wide row", b",".join([b"1"] * 100_000)
    yield "zeros", bytes(100_000)
    yield "formulas", b"=cmd|'/c calc'!A1,@SUM(1)\n1,2\n"
    yield "strange separator", b"sep=\xff\na\xffb\n"


def htmls() -> Iterator[Attack]:
    """Yield HTML whose head is made to keep a pattern busy."""
    yield "comments", b"<!---->" * 1000 + b"x"
    yield "nested", b"<div>" * 100_000
