"""Bodies are decoded as their bytes say, whatever the site claims."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alonchat_crawl.extract.text.encoding import decode

FRENCH = "Le café était fermé à cause de l’été — naïveté, façade, garçon, œuvre. " * 3
JAPANESE = "これは日本語のテキストです。文字コードの判定を確認するための文章。" * 3
RUSSIAN = "Это русский текст для проверки кодировки страницы. " * 3
CHINESE = "这是一个用于检测编码的中文网页，内容包括一些常用的句子。" * 2


def html(charset: str, text: str) -> str:
    """Return a page that declares a charset."""
    return f"<html><head><meta charset='{charset}'><title>x</title></head><body><p>{text}</p></body></html>"


@pytest.mark.parametrize(
    ("claim", "codec", "meta", "header", "text"),
    [
        ("UTF-8, undeclared", "utf-8", "", None, FRENCH),
        ("UTF-8 by header", "utf-8", "", "text/html; charset=UTF-8", JAPANESE),
        ("UTF-8 with a BOM beats the header", "utf-8-sig", "", "text/html; charset=latin-1", FRENCH),
        ("UTF-8, header says latin-1", "utf-8", "", "text/html; charset=iso-8859-1", FRENCH),
        ("UTF-8, meta says windows-1252", "utf-8", "windows-1252", None, FRENCH),
        ("UTF-8, meta says Shift_JIS", "utf-8", "shift_jis", None, JAPANESE),
        ("windows-1252 by meta", "cp1252", "windows-1252", None, FRENCH),
        ("windows-1252 declared as latin-1", "cp1252", "", "text/html; charset=ISO-8859-1", FRENCH),
        ("windows-1252, undeclared", "cp1252", "", None, FRENCH),
        ("windows-1252, meta says UTF-8", "cp1252", "utf-8", None, FRENCH),
        ("Shift_JIS by meta", "cp932", "Shift_JIS", None, JAPANESE),
        ("Shift_JIS, undeclared", "cp932", "", None, JAPANESE),
        ("Shift_JIS, meta says UTF-8", "cp932", "utf-8", None, JAPANESE),
        ("EUC-JP, undeclared", "euc-jp", "", None, JAPANESE),
        ("ISO-2022-JP by meta", "iso2022_jp", "iso-2022-jp", None, JAPANESE),
        ("KOI8-R by header", "koi8-r", "", "text/html;charset=koi8-r", RUSSIAN),
        ("windows-1251, meta says UTF-8", "cp1251", "utf-8", None, RUSSIAN),
        ("GB18030, undeclared", "gb18030", "", None, CHINESE),
        ("GBK declared as gb2312", "gbk", "gb2312", None, CHINESE),
        ("UTF-16 with a BOM", "utf-16", "", None, JAPANESE),
        ("UTF-16-LE without a BOM", "utf-16-le", "utf-16", None, FRENCH),
        ("UTF-16-BE without a BOM", "utf-16-be", "", "text/html; charset=utf-8", JAPANESE),
    ],
)
def test_real_charset_wins(claim: str, codec: str, meta: str, header: str | None, text: str) -> None:
    """The text comes out as it was written, for true, missing and wrong declarations."""
    assert text in decode(html(meta, text).encode(codec), header), claim


@pytest.mark.parametrize(
    "name",
    [
        "hex",
        "rot13",
        "utf-7",
        "idna",
        "unicode_escape",
        "undefined",
        "punycode",
        "base64",
        "nonsense",
        "../x",
    ],
)
def test_dangerous_codecs_are_not_used(name: str) -> None:
    """A codec that no browser knows is ignored, in the header and in the page."""
    text = "hello +ADw-script+AD4- \\x41 café"
    assert text in decode(f"<p>{text}</p>".encode(), f"text/html; charset={name}")
    assert text in decode(html(name, text).encode(), None)


@pytest.mark.parametrize(
    ("body", "header", "expected"),
    [
        (b"", None, ""),
        (b"caf\xe9", None, "café"),
        (b"\x93quoted\x94 \x80 5", None, "“quoted” € 5"),
        ("联通".encode("gbk"), "text/plain; charset=gbk", "联通"),  # valid UTF-8 as well
        (b"<p>plain</p>", "text/html; charset=utf-16", "<p>plain</p>"),
        (b"\xef\xbb\xbfx", None, "x"),
    ],
)
def test_short_bodies(body: bytes, header: str | None, expected: str) -> None:
    """Little text is enough for the common cases."""
    assert decode(body, header) == expected


def test_broken_utf_8_stays_utf_8() -> None:
    """A stray byte and a cut last character cost only themselves."""
    body = (FRENCH * 4).encode() + b"\xff and \xe2\x82"
    assert decode(body, None) == FRENCH * 4 + "\ufffd and \ufffd"


@given(st.binary(max_size=3000), st.one_of(st.none(), st.text(max_size=60)))
def test_any_bytes_decode(body: bytes, header: str | None) -> None:
    """Nothing raises, and what comes out can be encoded again."""
    decode(body, header).encode()
