"""One good file of each type, with what is in it for people and what is not."""

import gzip
import tarfile
from collections.abc import Callable, Mapping
from io import BytesIO

from tests.support.files import office
from tests.support.files.expected import CODE, HTML, MARKDOWN, TEXT
from tests.support.files.office import grid, in_list, par, shape, zipped
from tests.support.files.pdf import lines, pdf, text


def good_docx() -> bytes:
    """Headings, text with markup in it, a link, lists, a table, a note; and what is hidden in six ways."""
    rows: list[tuple[str, str]] = [("Item", "Price | EUR"), ("Tea", "3.50"), ("SECRET", "1")]
    table = "<w:tbl>" + "".join(
        f"<w:tr>{'<w:trPr><w:hidden/></w:trPr>' if row[0] == 'SECRET' else ''}"
        + "".join(f"<w:tc>{par(cell)}</w:tc>" for cell in row)
        + "</w:tr>"
        for row in rows
    )
    return office.docx(
        par("Manual", "Title")
        + par("Contents SECRET", "Toc1")
        + par("Installing", "Heading1")
        + "<w:p><w:r><w:t>Write &lt;script&gt;alert(1)&lt;/script&gt; &amp; *stars*, see </w:t></w:r>"
        '<w:hyperlink r:id="rId3"><w:r><w:t>the terms</w:t></w:r></w:hyperlink>'
        '<w:hyperlink r:id="rId4"><w:r><w:t> or this</w:t></w:r></w:hyperlink><w:r><w:footnoteReference w:id="2"/></w:r>'
        "<w:r><w:rPr><w:vanish/></w:rPr><w:t>SECRET</w:t></w:r>"
        '<w:r><w:rPr><w:color w:val="FFFFFF"/></w:rPr><w:t>SECRET</w:t></w:r>'
        '<w:r><w:rPr><w:sz w:val="2"/></w:rPr><w:t>SECRET</w:t></w:r>'
        "<w:del><w:r><w:delText>SECRET</w:delText></w:r></w:del>"
        "<w:ins><w:r><w:t>.</w:t></w:r></w:ins></w:p>"
        + par("SECRET", "Unseen")
        + par("first", properties=in_list(1))
        + par("inner", properties=in_list(1, 1))
        + par("one", properties=in_list(2))
        + par("two", properties=in_list(2))
        + table
        + "</w:tbl>"
        + par("Prices", "Derived")
        + par("# no heading")
        + par("Shown after all.", "Unseen", run='<w:vanish w:val="0"/>')
    )


def good_pptx() -> bytes:
    """Three slides, one hidden; points, a table, a hidden shape, a footer."""
    return office.pptx(
        [
            shape("Welcome", kind="title")
            + shape("One &lt;b&gt;", "Two")
            + shape("SECRET", hidden=True)
            + shape("SECRET", kind="ftr"),
            shape("SECRET", kind="title"),
            grid([("Item", "Price"), ("Tea", "3.50")]) + shape("A remark.", kind=""),
        ],
        shown=[True, False, True],
    )


def good_xlsx() -> bytes:
    """A sheet of every kind of value, with a hidden row and column; a hidden sheet."""
    rows = (
        '<cols><col min="3" max="3" hidden="1"/></cols><sheetData>'
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="s"><v>2</v></c></row>'
        '<row r="2"><c r="A2" t="inlineStr"><is><t>Born</t></is></c><c r="B2" s="1"><v>46024</v></c>'
        '<c r="D2" s="2"><v>46024.5</v></c></row>'
        '<row r="3" hidden="1"><c r="A3" t="s"><v>2</v></c></row>'
        '<row r="4"><c r="A4" t="b"><v>1</v></c><c r="B4"><v>0.30000000000000004</v></c>'
        '<c r="D4" s="3"><v>0.25</v></c><c r="E4" t="str"><f>1+1</f><v>two</v></c>'
        '<c r="F4" s="4" t="s"><v>2</v></c></row><row r="5" ht="0"><c r="A5" t="s"><v>2</v></c></row></sheetData>'
    )
    return office.xlsx(
        {"Prices": rows, "Notes": '<sheetData><row><c t="s"><v>2</v></c></row></sheetData>'},
        strings=["Item", "a | b", "SECRET"],
        hidden=["Notes"],
    )


def good_odt() -> bytes:
    """Headings, a list, a table, a link, a note; hidden text of three kinds."""
    return office.odt(
        '<text:tracked-changes><text:p>SECRET</text:p></text:tracked-changes><text:h text:outline-level="1">Manual</text:h>'
        '<text:p>Write &lt;i&gt;<text:s text:c="2"/>and<text:span text:style-name="Unseen">SECRET</text:span> '
        '<text:a xlink:href="https://example.com/">more</text:a><text:note><text:note-citation>1</text:note-citation>'
        "<text:note-body><text:p>A note.</text:p></text:note-body></text:note></text:p>"
        '<text:section text:display="none"><text:p>SECRET</text:p></text:section><text:hidden-text>SECRET</text:hidden-text>'
        "<text:list><text:list-item><text:p>first</text:p><text:list><text:list-item><text:p>inner</text:p>"
        "</text:list-item></text:list></text:list-item></text:list>"
        '<table:table><table:table-row><table:table-cell table:number-columns-repeated="2"><text:p>x</text:p></table:table-cell>'
        "</table:table-row><table:table-row><table:table-cell><text:p>1</text:p></table:table-cell>"
        "<table:table-cell><text:p>2</text:p></table:table-cell></table:table-row></table:table>",
        title="A manual",
    )


def good_epub() -> bytes:
    """Two chapters, one with a harmless DOCTYPE; a script, hidden text, and a link within the book."""
    return office.epub(
        [
            (
                '<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" "http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd">'
                '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>One</title></head><body><h1>One</h1>'
                '<p>See &lt;b&gt; and <a href="chapter2.xhtml#x">two</a>.</p><script>SECRET</script><p hidden="">SECRET</p></body></html>'
            ),
            "<html><body><h1>Two</h1><table><tr><th>Item</th><th>Price</th></tr><tr><td>Tea</td><td>3.50</td></tr></table></body></html>",
        ],
        title="A book",
    )


def good_pdf() -> bytes:
    """Four pages with header and page number: headings, a paragraph over two pages, a list, code, unseen text."""
    pages = [
        text("Installing", 72, 720, 18, "F2")
        + lines(
            ["The water must be hot before the tea is put into the", "pot, which takes some pa-", "tience."]
        )
        + text("SECRET", 72, 300, before="3 Tr")
        + text("SECRET", 72, 280, before="1 1 1 rg")
        + text("SECRET", 72, 260, size=1)
        + text("SECRET", -400, 240)
        + "0 0 0.5 rg 60 190 200 30 re f\n"
        + text("White on blue.", 72, 200, before="1 1 1 rg"),
        text("Prices", 72, 720, 18, "F2")
        + lines(["\u2022 Tea <b>", "\u2022 Coffee"])
        + lines(["$ brew", "  tea"], 600, 10, "F3")
        + lines(["This sentence begins on the second page and it goes on to the"], 500),
        lines(["third of them."], 720) + text("More", 72, 600, 14, "F2") + lines(["1. one", "2. two"], 500),
        lines(["The end is the last of all the pages of this."]),
    ]
    return pdf(
        [
            page + text("The Tea Company", 250, 770, 9) + text(f"Page {number} of 4", 280, 30, 9)
            for number, page in enumerate(pages, 1)
        ],
        title="Making tea",
    )


def good_tar() -> bytes:
    """Two files, one in a folder; a link, which is no file."""
    buffer = BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, body in (("./read.me", b"# Tea\n"), ("prices/tea.csv", b"a,b\n1,2\n")):
            info = tarfile.TarInfo(name)
            info.size = len(body)
            tar.addfile(info, BytesIO(body))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    return gzip.compress(buffer.getvalue(), mtime=0)


def good_zip() -> bytes:
    """Two files, one in a folder; what a Mac adds."""
    return zipped(
        {
            "read.me": b"# Tea\n" * 40,
            "prices/tea.csv": b"a,b\n1,2\n",
            "__MACOSX/._read.me": b"x",
            ".DS_Store": b"x",
        }
    )


CSV_FILE = b'Item;Price | EUR\r\nTea <b>;3,50\r\n"Coffee,\nblack";4\r\n'
GOOD: Mapping[str, tuple[str, Callable[[], bytes]]] = {
    "pdf": ("tea.pdf", good_pdf),
    "docx": ("tea.docx", good_docx),
    "pptx": ("tea.pptx", good_pptx),
    "xlsx": ("tea.xlsx", good_xlsx),
    "odt": ("tea.odt", good_odt),
    "epub": ("tea.epub", good_epub),
    "csv": ("tea.csv", lambda: CSV_FILE),
    "markdown": ("tea.md", MARKDOWN.encode),
    "text": ("tea.txt", lambda: TEXT.encode("cp1252")),
    "code": ("tea.py", CODE.encode),
    "html": ("tea.html", HTML.encode),
    "zip": ("tea.zip", good_zip),
    "tar": ("tea.tar.gz", good_tar),
}
"""By type: a name and what makes the file."""
