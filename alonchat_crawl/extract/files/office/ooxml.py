"""What DOCX, PPTX and XLSX have in common: parts that point to each other (ISO/IEC 29500-2)."""

import posixpath
import re
from typing import IO, NamedTuple
from urllib.parse import unquote

from alonchat_crawl.extract.files.archives.checked_zip import CheckedZip
from alonchat_crawl.extract.files.escaping import one_line
from alonchat_crawl.extract.files.office.xml_parts import Element, attribute, child, children, tree
from alonchat_crawl.parser_errors import GiveUp
from alonchat_crawl.reasons import Reason

PART_MAX_BYTES = 16 << 20  # of a part that is read as a whole
TITLE_MAX_CHARS = 500
CORE = "docProps/core.xml"
# What programs write if nobody gave a title.
NO_TITLE = re.compile(
    r"untitled.*|\(?(?:anonymous|unspecified)\)?"
    r"|unnamed|no title|title|(?:document|presentation|book|sheet)\d*|slide \d+"
    r"|powerpoint presentation|microsoft (?:word|powerpoint|excel) - .*"
    r"|.*\.(?:docx?|dotx?|pptx?|xlsx?|odt|indd|qxd|tex|dvi|pdf)|\W*",
    re.IGNORECASE,
)
OFF = frozenset({"0", "false", "off"})


class Relationship(NamedTuple):
    """A link from one part to another, or to an address."""

    kind: str
    """The last word of its type: hyperlink, slide, worksheet, styles."""
    target: str
    """A part's name, or an address if it is external."""
    external: bool


class Package:
    """An office document's parts."""

    def __init__(self, body: bytes, usual: str) -> None:
        self.zip_file = CheckedZip.of_document(body)
        roots = self.relationships("").values()
        self.main = next((each.target for each in roots if each.kind == "officeDocument"), usual)

    def has(self, part: str) -> bool:
        """Whether there is such a part."""
        return part in self.zip_file.names

    def open(self, part: str) -> IO[bytes]:
        """Open a part to stream it."""
        return self.zip_file.open(part)

    def tree(self, part: str) -> Element | None:
        """Return a small part's root element; None if there is no such part."""
        return tree(self.zip_file.read(part, PART_MAX_BYTES)) if self.has(part) else None

    def relationships(self, part: str) -> dict[str, Relationship]:
        """Return what a part points to, by id; `part` is empty for the package itself."""
        folder, name = posixpath.split(part)
        root = self.tree(posixpath.join(folder, "_rels", f"{name}.rels"))
        found: dict[str, Relationship] = {}
        for each in children(root):
            target, external = each.get("Target", ""), each.get("TargetMode") == "External"
            if not external:
                target = posixpath.normpath(posixpath.join("/", folder, unquote(target))).lstrip("/")
            found[each.get("Id", "")] = Relationship(
                each.get("Type", "").rpartition("/")[2], target, external
            )
        return found

    def related(self, part: str, kind: str) -> Element | None:
        """Return the root of the part of a kind that `part` points to."""
        for each in self.relationships(part).values():
            if each.kind == kind and not each.external:
                return self.tree(each.target)
        return None

    def title(self) -> str:
        """Return the document's own title; empty if nobody gave it one."""
        try:
            return title_in(child(self.tree(CORE), "title"))
        except GiveUp as error:
            if error.reason is not Reason.FILE_MALFORMED:
                raise
            return ""


def title_in(node: Element | None) -> str:
    """Return the title in an element, as `sane_title`; empty if there is no element."""
    return sane_title("".join(node.itertext())) if node is not None else ""


def sane_title(title: str) -> str:
    """Return a title on one line; empty if a program wrote it because nobody gave one."""
    title = one_line(title[:TITLE_MAX_CHARS])
    return "" if NO_TITLE.fullmatch(title) else title


def relationship_id(node: Element) -> str:
    """Return an element's r:id, which stands beside an id without a prefix."""
    return next((str(value) for key, value in node.items() if str(key).endswith("}id")), "")


def switched_on(properties: Element | None, name: str) -> bool | None:
    """Return an on/off property's value (ISO/IEC 29500-1, 17.17.4); None if it is not given."""
    node = child(properties, name)
    return None if node is None else attribute(node, "val").lower() not in OFF
