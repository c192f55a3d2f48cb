"""What a file is, and why it is not taken in."""

import bz2
import gzip

import pytest

from alonchat_crawl.extract.files.read import read_file
from alonchat_crawl.extract.files.sniff import file_type
from alonchat_crawl.parser_errors import GiveUp
from tests.support.files import office
from tests.support.files.attacks_archives import tar
from tests.support.files.good import GOOD, good_docx, good_pdf, good_xlsx
from tests.support.files.office import relationships, zipped

OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
LOCKED = OLE2 + "EncryptedPackage".encode("utf-16-le") + "EncryptionInfo".encode("utf-16-le")
HTML = b"<!DOCTYPE html><title>x</title><p>Tea"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
SPREADSHEET = "application/vnd.oasis.opendocument.spreadsheet"


def opened_as(main: str) -> bytes:
    """An office file of two kinds, by the part that it says is the main one."""
    relations = relationships(("officeDocument", main))
    return zipped({"word/document.xml": "<x/>", "xl/workbook.xml": "<x/>", "_rels/.rels": relations})


@pytest.mark.parametrize(
    ("body", "name", "expected"),
    [
        # Text is told apart by its name, and only by that.
        (b"a,b\n", "x.csv", "csv"),
        (b"a\tb\n", "x.TSV", "csv"),
        (b"a,b\n", "x.txt", "text"),
        (b"a,b\n", "", "text"),
        (b"# x\n", "notes/READ%20ME.md", "markdown"),
        (b"int x;\n", "x.c", "code"),
        (b"Tea", "x.pdf", "text"),
        (b"Tea", "x.docx", "text"),
        ("Tea für dich".encode("utf-16"), "x.txt", "text"),
        ("Tea".encode("utf-16-le") * 20, "x.txt", "text"),
        ("茶は熱い。".encode("cp932") * 20, "x.txt", "text"),
        # HTML is HTML under any name, but not every text with a tag is.
        (HTML, "x.pdf", "html"),
        (HTML, "x.md", "html"),
        (b"\xef\xbb\xbf \n<!-- x --><html lang=en>", "x", "html"),
        (HTML.decode().encode("utf-16"), "x", "html"),
        (b"<p>Tea</p>", "x.html", "html"),
        (b"<p align=center>Tea</p>", "x.md", "markdown"),
        (b"I wrote <html> once", "x.txt", "text"),
        (b'<?xml version="1.0"?><svg/>', "x.svg", None),
        (b'<?xml version="1.0"?><html xmlns="x"/>', "x", "html"),
        # A PDF may begin late, though not in a page or an archive.
        (good_pdf(), "x.txt", "pdf"),
        (b"\r\n" + good_pdf(), "x", "pdf"),
        (b"\x00junk" * 20 + good_pdf(), "x", "pdf"),
        (HTML + good_pdf(), "x.pdf", "html"),
        (bytes(2000) + good_pdf(), "x.pdf", None),
        # A ZIP is what its directory says.
        (good_docx(), "x.zip", "docx"),
        (good_docx() + good_pdf(), "x.pdf", "docx"),
        (zipped({"a.txt": b"a"}), "x.docx", "zip"),
        (opened_as("xl/workbook.xml"), "x", "xlsx"),
        (opened_as("/word/document2.xml"), "x", "docx"),
        (opened_as("xl/workbook.bin"), "x", None),
        (zipped({"mimetype": SPREADSHEET, "content.xml": "<x/>"}), "x.odt", None),
        (good_xlsx()[:2000], "x", "xlsx"),
        (office.epub(["x"])[:100], "x", "epub"),
        (b"PK\x05\x06" + bytes(18), "x.zip", "zip"),
        # Archives, whatever compresses them.
        (tar(("a", b"a")), "x", "tar"),
        (bz2.compress(tar(("a", b"a"))), "x.pdf", "tar"),
        (gzip.compress(b"a,b\n", mtime=0), "x.csv", None),
        # What is not taken in.
        (OLE2, "x.doc", None),
        (LOCKED, "x.docx", None),
        (b"{\\rtf1 Tea}", "x.txt", None),
        (PNG, "x.txt", None),
        (b"\x7fELF" + bytes(60), "x.md", None),
        (b"", "x.txt", "text"),
    ],
)  # fmt: skip
def test_a_type_is_told(body: bytes, name: str, expected: str | None) -> None:
    """The first bytes and a ZIP's directory decide; a name only tells apart kinds of text."""
    assert file_type(body, name) == expected


@pytest.mark.parametrize(
    ("body", "reason", "advice"),
    [
        (b"", "file empty", "no bytes"),
        (OLE2, "file type", "save it as DOCX"),
        (b"{\\rtf1 Tea}", "file type", "save it as DOCX"),
        (LOCKED, "file encrypted", "remove that"),
        (PNG, "file type", "image"),
        (gzip.compress(b"Tea", mtime=0), "file type", "compressed"),
        (GOOD["zip"][1](), "file type", "archive"),
        (GOOD["tar"][1](), "file type", "archive"),
        (b" \n\t", "file without text", "No text"),
        (b"PK\x03\x04" + bytes(40), "file malformed", "directory"),
        (bytes(40), "file type", "none of"),
    ],
)
def test_a_refusal_says_what_to_do(body: bytes, reason: str, advice: str) -> None:
    """Each file that is not read has its reason, and a sentence for people."""
    with pytest.raises(GiveUp) as refused:
        read_file(body, "x.txt", 1000)
    assert refused.value.reason == reason
    assert advice in refused.value.detail
