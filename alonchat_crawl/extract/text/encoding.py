"""Bytes to text: a site's declared charset is believed only if the bytes agree."""

import codecs
import re

from charset_normalizer import from_bytes
from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding, read_bom

FALLBACK = "cp1252"
# The Encoding Standard's list (https://encoding.spec.whatwg.org/#names-and-labels): so a site can never
# choose a codec that executes, expands or smuggles (hex, unicode_escape, utf-7, idna).
SAFE_CODECS = frozenset(
    codecs.lookup(name).name
    for name in [
        *("utf-8", "utf-16", "utf-16-le", "utf-16-be", "iso2022_jp"),
        *("gbk", "gb18030", "big5", "big5hkscs", "euc-jp", "shift_jis", "cp932", "euc-kr", "cp949"),
        *("cp866", "cp874", "koi8-r", "koi8-u", "mac-roman", "mac-cyrillic"),
        *(f"cp125{last}" for last in range(9)),
        *(f"iso8859-{part}" for part in (*range(1, 12), *range(13, 17))),  # part 12 was never published
    ]
)
MULTI_BYTE = frozenset(
    codecs.lookup(name).name
    for name in ("gbk", "gb18030", "big5", "big5hkscs", "euc-jp", "shift_jis", "cp932", "euc-kr", "cp949")
)
# One codec for each script: with almost equal ones, too, the detection would be unsure of short texts.
DETECTABLE = ["cp932", "euc_jp", "gb18030", "big5", "cp949", "cp1251", "koi8_r"]
DETECTABLE += ["cp1252", "cp1253", "cp1255", "cp1256", "cp874"]
FOREIGN_WORD = re.compile(rb"[\x80-\xff]{4}")  # four accented Latin letters are never adjacent
DETECT_BYTES = 32_768  # enough to decide; detection is slow
SURE_CHARS = 4  # UTF-8 sequences: another multi-byte charset has so many by chance in 1 of 10,000 texts
BAD_SHARE = 0.2  # of the non-ASCII characters: a page that was cut or pasted together by bytes is still UTF-8
MARKUP = re.compile(rb"<[^>]*>")


def decode(body: bytes, content_type: str | None) -> str:
    """Decode a body: by its BOM, as UTF-8 if it is, by a declared or detected charset, or as windows-1252.

    `content_type` is the response's header or None. Never raises; bytes that do not fit become U+FFFD.
    """
    codec, start = codec_of(body, content_type)
    return body[start:].decode(codec, "replace")


def codec_of(body: bytes, content_type: str | None) -> tuple[str, int]:
    """Return the codec that `decode` uses, and where the text begins: after a BOM if there is one."""
    by_bom, bom = read_bom(body)
    if by_bom is not None and bom is not None:
        return by_bom, len(bom)
    if wide := _utf_16(body):
        return wide, 0
    declared = [
        codec
        for codec in (http_content_type_encoding(content_type), html_body_declared_encoding(body))
        if codec in SAFE_CODECS
    ]
    if _is_utf_8(body, declared[0] if declared else None):
        return "utf-8", 0
    for codec in [*declared, _detected(body)]:
        if codec is not None and codec != "utf-8" and _bad_share(body, codec) <= BAD_SHARE:
            return codec, 0
    return FALLBACK, 0


def _utf_16(body: bytes) -> str | None:
    """Recognise UTF-16 without a BOM by the zero bytes of its ASCII characters."""
    head = body[: DETECT_BYTES // 8]
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) * 20 <= len(head) or min(even, odd) * 10 > max(even, odd):
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _is_utf_8(body: bytes, declared: str | None) -> bool:
    text = body.decode("utf-8", "replace")
    beyond_ascii = len(text) - len(text.encode("ascii", "ignore"))
    bad = text.count("\ufffd")
    if not beyond_ascii:
        return declared != "iso2022_jp"  # the one charset whose bytes are all ASCII
    if bad > BAD_SHARE * beyond_ascii:
        return False
    # Two Chinese characters in GBK can also be two in UTF-8.
    unsure = bad or declared in MULTI_BYTE
    return declared == "utf-8" or beyond_ascii - bad >= (SURE_CHARS if unsure else 1)


def _bad_share(body: bytes, codec: str) -> float:
    text = body.decode(codec, "replace")
    beyond_ascii = len(text) - len(text.encode("ascii", "ignore"))
    return text.count("\ufffd") / beyond_ascii if beyond_ascii else 0.0


def _detected(body: bytes) -> str | None:
    # Tags are ASCII in all charsets left here: only the text between them decides.
    text = MARKUP.sub(b" ", body[: 4 * DETECT_BYTES])[:DETECT_BYTES]
    if not FOREIGN_WORD.search(text):
        return None
    end = max(text.rfind(b"\n"), text.rfind(b" "), 0)  # not inside a character
    best = from_bytes(text[:end] if end else text, cp_isolation=DETECTABLE).best()
    return codecs.lookup(best.encoding).name if best is not None else None
