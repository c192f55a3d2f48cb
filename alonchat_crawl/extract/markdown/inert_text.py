"""Plain text as Markdown that shows the same characters and stays inert in every renderer.

Five rules keep each line inert, even if a renderer lets raw HTML through, or finds other blocks in the
document than its writer did:

- `<` is an entity, except before a space, a digit, `=` or `-`: it begins no tag. A code span with another `<`
  is written as text.
- A backtick is an entity, except around code: the code spans of a line pair up with themselves.
- `]` is escaped before `(`, `[` and `:`: text makes no link, and defines no reference.
- A link leads to http, https or mailto, percent-encoded. A bare address of another scheme is broken up.
- A line of text opens no block: no fence, heading, list, quote, rule, or head of a table.
"""

import re
from urllib.parse import quote

SPECIAL = re.compile(r"[<&`\[\]\\*_~]|://|xmpp:", re.IGNORECASE)
TEXT = re.compile(
    r"<(?! \S|[\d=\-])|(?<=\\)<|&(?=#?\w{1,32};)|`"
    r"|(?<=!)\[|\[(?![^\[\]]*\](?!\s*\(|[:\[]))|\](?:\s*\(|[:\[])"
    r"|\\(?![\w ]|[^\x00-\x7f])|\*+|_+|~+|:(?=//)|(?<=[xX][mM][pP][pP]):"
)
HTTP = re.compile(r"(?<![A-Za-z0-9+.\-])https?\Z", re.IGNORECASE)
SCHEME_CHARS = 6  # of `https`, and the one before it
ENTITIES = {"<": "&lt;", "&": "&amp;", "`": "&#96;"}
BRACKETS = re.compile(r"[\[\]]")
LINKED = re.compile(f"{TEXT.pattern}|{BRACKETS.pattern}")
BLOCK_OPENS = re.compile(
    r"(\d{1,9})(?=[.)](?:\s|$))"  # the number of a list's item
    r"|(?=[|:\-=_*+][|:\-=_*+\s\\]*$|#{1,6}(?:\s|$)|[-+*:](?:\s|$)|>|~~~|---)"
)
METADATA = "«««"  # begins a document's metadata for showdown, which leaves it out
URL_SAFE = "/:?#@!$&+,;=%-._~"
ENTITY = re.compile(r"&(?=#?\w{1,32};)")


def inert_text(plain: str, *, linked: bool = False) -> str:
    """Return plain text of one line as Markdown; `linked` if it is in a link's words."""
    if not SPECIAL.search(plain):
        return plain
    return (LINKED if linked else TEXT).sub(_escaped, plain)


def opening_escaped(line: str) -> str:
    """Return a line of Markdown that can only be a paragraph's."""
    if line.startswith(METADATA):
        return f"&#171;{line[1:]}"
    found = BLOCK_OPENS.match(line)
    if found is None or line.startswith("\\"):
        return line
    number = found[1] or ""
    return f"{number}\\{line[len(number) :]}"


def inert_url(url: str) -> str:
    """Return a link's address as Markdown: nothing in it ends the link or is decoded."""
    return ENTITY.sub("&amp;", quote(url, safe=URL_SAFE, errors="replace"))


def ends_with_http(text: str, end: int) -> bool:
    """Whether `http` or `https` ends at a place in a text, and is not the end of another scheme's name."""
    return bool(HTTP.search(text[max(0, end - SCHEME_CHARS) : end]))


def _escaped(match: re.Match[str]) -> str:
    found = match[0]
    before = match.string[max(0, match.start() - 1) : match.start()]
    after = match.string[match.end() : match.end() + 1]
    if found in ENTITIES:
        return ENTITIES[found]
    if found == "\\":  # at the end, a backslash would escape the mark that follows
        return "\\\\" if after else "&#92;"
    if found == ":":
        return found if ends_with_http(match.string, match.start()) else "\\:"
    if found[0] in "*_~":
        return found if _is_no_emphasis(found, before, after) else "".join(f"\\{each}" for each in found)
    return f"\\{found}" if len(found) == 1 else f"\\{found[:-1]}\\{found[-1]}"


def _is_no_emphasis(marks: str, before: str, after: str) -> bool:
    """Whether a run of marks neither opens nor closes emphasis (CommonMark 6.2)."""
    if before.isspace() and after.isspace():
        return True
    return marks[0] == "_" and before.isalnum() and after.isalnum()
