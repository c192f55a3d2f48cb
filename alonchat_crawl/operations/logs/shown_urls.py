"""Hides the parts of URLs that may be secret. Pure.

Whoever has a signed URL may fetch what it names, and each storage has its own parameter names. So a value is
shown only if it looks harmless, not because its name is unknown: in a query, short words, small numbers and
dates are shown; in the query of a file, nothing. Every expression is linear in the text, which may come from
a hostile site.
"""

import re
from functools import partial
from itertools import pairwise
from typing import Final
from unicodedata import category
from urllib.parse import unquote, unquote_plus

from alonchat_crawl.operations.logs.secret_names import PARAMETERS, WORDS, is_secret_name

HIDDEN: Final = "[hidden]"
URL_MAX_CHARS: Final = 10_000  # longer URLs are hidden: nobody reads them
VALUE_MAX_CHARS: Final = 24
WORD_MAX_CHARS: Final = 14
NUMBER_MAX_DIGITS: Final = 5
MIXED_MAX_CHARS: Final = 4  # longest harmless mix of letters and digits, such as `mp3` or `utf8`
TOKEN_MIN_CHARS: Final = 16  # shortest segment of a path, or name, that may be a token
TOKEN_CHANGES: Final = 0.15  # changes between cases and digits per character; random text has 0.25 to 0.5
UNQUOTED_MAX: Final = 3  # how often a URL may be percent-encoded

# A URL from its // on, which JSON may write as \/\/. A quote ends it, unless the URL clearly goes on.
_URL = re.compile(r"""(\b(?:s3|file|upload):)?((?:\\?/){2}(?:[^\s"'<>`]|'(?=[\w&=%]))+)""")
_ENCODED_URL = re.compile(r"""(?:%(?:25){0,2}2[fF]){2}[^\s"'<>`&;#?=]+""")
_QUERY_AT_LARGE = re.compile(
    r"""(?<=[?&;])([\w.%\[\]-]{1,200})=([^\s&;"'<>#]*[^\s&;"'<>#.,:!?)\\])"""  # of a URL without its //
)
_JSON_ESCAPES: Final = (("\\/", "/"), ("\\u0026", "&"), ("\\u003d", "="), ("\\u003D", "="))
_HOST = re.compile(r"(?:\[[^]]*\]|[^=&;,:]*)(?::[0-9]*)?")
_PARTS = re.compile(r"([^/?#\\]*)([^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL)
_SEPARATORS = re.compile(r"([&;])")
_FILE = re.compile(
    r"\.(?!(?:x?html?|s?html?|phtml|php|aspx?|jspx?|cgi|do)$)[a-z][a-z0-9]{1,4}$", re.IGNORECASE
)

_CAMEL = re.compile(r"(?:[A-Z]?[a-z]+|[A-Z]{1,4})(?:[A-Z][a-z]{2,}){0,2}|[A-Z]+")
_DAY = re.compile(r"\d{4}-\d\d(?:-\d\d)?")
_UNSAYABLE = re.compile(  # rare in the words of any language, but common in random letters
    r"[^aeiouy]{5}|[aeiouy]{5}|q[^u]|j[^aeiouy]|x[bdfgjkmnrsvwz]|v[^aeiouyrls]|w[bcdfgjkmpqvxz]"
    r"|[^aeiouydtrnslz]z|[bcdfghkmpqtvwx]x",
    re.IGNORECASE,
)
_PIECES = re.compile(r"[-_.,+ /@|]+")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_NO_CHANGES: Final = frozenset({"Aa", "A-", "a-", "0-", "-A", "-a", "-0"})  # normal: `Name`, `top-10-of-2024`
_CLOUDINARY = re.compile(r"s--.+--")


def shown_urls(text: str, *, files: bool = False) -> str:
    """Return the text with the secret parts of URLs hidden; with `files`, hide all values of queries."""
    shown = _ENCODED_URL.sub(partial(_encoded, files=files), text)
    shown = _URL.sub(lambda found: _url(found[2], files=files, scheme=found[1] or ""), shown)
    return _QUERY_AT_LARGE.sub(lambda found: _pair(found[1], "=", found[2], files=files), shown)


def is_harmless(value: str) -> bool:
    """Whether a parameter's value, percent-encoded or not, consists of words, a small number or a date."""
    try:
        plain = unquote_plus(value, errors="strict")
    except UnicodeDecodeError:
        return False
    if value == HIDDEN or _DAY.fullmatch(plain):
        return True
    if len(plain) > VALUE_MAX_CHARS or "//" in plain:
        return False
    pieces = [piece for piece in _PIECES.split(plain) if piece]
    mixed = [piece for piece in pieces if not piece.isdecimal() and not _is_word(piece)]
    short = all(len(piece) <= MIXED_MAX_CHARS and piece.isalnum() for piece in mixed)
    digits = sum(char.isdecimal() for char in plain)
    return digits <= NUMBER_MAX_DIGITS and len(mixed) <= 1 and short


def _is_word(piece: str) -> bool:
    if not piece.isascii():  # keys are always ASCII
        return all(category(char)[0] in "LM" for char in piece)
    if not _CAMEL.fullmatch(piece) or not all(len(one) <= WORD_MAX_CHARS for one in WORDS.findall(piece)):
        return False
    return len(piece) <= MIXED_MAX_CHARS or not _UNSAYABLE.search(piece)


def _is_token(text: str) -> bool:
    """Whether a segment of a path is random: it changes between cases and digits more often than names do."""
    if len(text) < TOKEN_MIN_CHARS or _UUID.fullmatch(text):
        return bool(_CLOUDINARY.fullmatch(text))
    kinds = [_kind(char) for char in text]
    changes = sum(one != after and one + after not in _NO_CHANGES for one, after in pairwise(kinds))
    return changes >= TOKEN_CHANGES * len(text) or bool(_CLOUDINARY.fullmatch(text))


def _kind(char: str) -> str:
    return "0" if char.isdecimal() else "A" if char.isupper() else "a" if char.isalpha() else "-"


def _url(text: str, *, files: bool, scheme: str = "") -> str:
    """Hide the secret parts of a URL from its `//` on. With a `scheme` of our own files, show the path."""
    for escaped, plain in _JSON_ESCAPES:
        text = text.replace(escaped, plain)
    known = text.rstrip(".,;:!?)\\")
    text, after = known, text[len(known) :]
    found = _PARTS.fullmatch(text, 2)
    authority, path, query, fragment = found.groups(default="") if found else ("=", "", "", "")
    user, at, host = authority.rpartition("@")
    # If the port is invalid, the text up to a later @ may be a password that contains a /.
    if len(text) > URL_MAX_CHARS or not _HOST.fullmatch(host):
        return f"{scheme}//{HIDDEN}{after}"
    shown = f"{scheme}//{HIDDEN if user else ''}{at}{host}{path if scheme else _path(path)}"
    if query:
        whole = files or bool(_FILE.search(unquote(path)))
        shown += f"?{HIDDEN}" if whole else f"?{_pairs(query[1:].replace('&amp;', '&'))}"
    return shown + _fragment(fragment) + after


def _path(path: str) -> str:
    return "/".join(map(_segment, path.split("/")))


def _segment(segment: str) -> str:
    """Hide the secret parts of a path segment with matrix parameters: `book;jsessionid=…`."""
    return ";".join(
        _pair(*part.partition("=")) if "=" in part else _name(part) for part in segment.split(";")
    )


def _name(name: str) -> str:
    plain = unquote(name)
    return HIDDEN if _is_token(plain) or "//" in plain or ("?" in plain and "=" in plain) else name


def _pairs(query: str) -> str:
    return "".join(
        part if part in {"&", ";"} else _pair(*part.partition("=")) for part in _SEPARATORS.split(query)
    )


def _pair(name: str, mark: str, value: str, *, files: bool = False) -> str:
    if not mark:
        return name if is_harmless(name) else HIDDEN
    harmless = not files and not is_secret_name(name, PARAMETERS) and is_harmless(value)
    return f"{_name(name)}={value if harmless or not value else HIDDEN}"


def _fragment(fragment: str) -> str:
    """Hide the secret parts of a fragment: `#!/…` is a path in an archive, others may be queries."""
    if fragment.startswith("#!/"):
        return f"#!{_path(fragment[2:])}"
    return f"#{_pairs(fragment[1:])}" if fragment else ""


def _encoded(found: re.Match[str], *, files: bool) -> str:
    plain = found[0]
    for _ in range(UNQUOTED_MAX):
        plain = unquote(plain)
    shown = _url(plain, files=files) if "/" in plain and " " not in plain else f"//{HIDDEN}"
    return found[0] if shown == plain else shown
