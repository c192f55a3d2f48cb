"""ODT to Markdown: headings, paragraphs, lists, tables and notes (OASIS OpenDocument 1.3, part 3)."""

import re
from collections.abc import Iterator

from alonchat_crawl.extract.files.archives.container import Container
from alonchat_crawl.extract.files.document_writer import Text
from alonchat_crawl.extract.files.escaping import escaped, one_line
from alonchat_crawl.extract.files.office.ooxml import PART_MAX_BYTES, sane_title
from alonchat_crawl.extract.files.office.xml_parts import (
    Element,
    attribute,
    child,
    drop,
    elements,
    local,
    tree,
)
from alonchat_crawl.extract.files.table_writer import Table
from alonchat_crawl.extract.markdown.inline import opening_escaped
from alonchat_crawl.parser_errors import GiveUp
from alonchat_crawl.reasons import Reason

CONTENT = "content.xml"
ENCRYPTED = b"encryption-data"
BLOCKS = ("p", "h", "table-row", "table")
# Deleted text, comments, notes (which follow), rows' own paragraphs, and what shows on a condition only.
UNSEEN = frozenset({"tracked-changes", "annotation", "hidden-paragraph", "hidden-text", "note", "text-box"})
STYLED = frozenset({"p", "h", "span", "a"})  # whose styles have text properties
INDEXES = frozenset({"table-of-content", "illustration-index", "table-index", "alphabetical-index"})
REPEATED_MAX = 64  # one cell's word for the cells after it: more is a filler, or an attack
SPACES_MAX = 64
WEB = re.compile(r"(?:https?://|mailto:)[^\s<>()\\]+", re.IGNORECASE)


def write_odt(body: bytes, text: Text) -> None:
    """Write a document; raises GiveUp and FullError."""
    container = Container.of_document(body)
    if "META-INF/manifest.xml" in container.names and ENCRYPTED in container.read(
        "META-INF/manifest.xml", PART_MAX_BYTES
    ):
        raise GiveUp(Reason.FILE_ENCRYPTED, "It is protected by a password: remove that and send it again.")
    text.title = _title(container)
    hidden = _hidden_styles(container, CONTENT)
    if "styles.xml" in container.names:
        hidden |= _hidden_styles(container, "styles.xml")
    Odt(text, hidden).write(container)


class Odt:
    """One document on its way to Markdown."""

    def __init__(self, text: Text, hidden: frozenset[str]) -> None:
        self.text, self.hidden = text, hidden
        self.notes: list[str] = []

    def write(self, container: Container) -> None:
        """Stream the body; each block is freed as soon as it is written."""
        table = Table(self.text.left)
        with container.open(CONTENT) as part:
            for _, node in elements(part, *BLOCKS):
                outer = list(node.iterancestors())
                names = [local(each) for each in outer]
                name = local(node)
                if "table-row" in names or not {"text"} & set(names) or UNSEEN & set(names):
                    continue
                shown = not INDEXES & set(names) and not any(map(self._is_hidden, [node, *outer]))
                if name == "table-row" and shown:
                    table.add(self._row(node))
                elif shown and name in {"p", "h"}:
                    self._block(node, name, names)
                if name == "table" or table.is_full:
                    self.text.add_table(table)
                    table = Table(self.text.left)
                drop(node)
        for note in self.notes:
            self.text.paragraph(note)

    def _block(self, node: Element, name: str, outer: list[str]) -> None:
        if name == "h":
            level = attribute(node, "outline-level")
            self.text.heading(int(level) if level.isdecimal() else 1, self._plain(node))
        elif depth := outer.count("list"):
            first = node.getprevious() is None
            self.text.item(depth - 1 if first else depth, None, self._markdown(node))
        else:
            self.text.add(opening_escaped(self._markdown(node)))
        for box in node.iter("{*}text-box"):
            for each in box.iter("{*}p"):
                self.text.paragraph(self._plain(each))

    def _row(self, row: Element) -> list[str]:
        cells: list[str] = []
        for cell in row.iterchildren("{*}table-cell", "{*}covered-table-cell"):
            words = " ".join(self._plain(each) for each in cell.iter("{*}p", "{*}h"))
            repeated = attribute(cell, "number-columns-repeated")
            cells += [words] * min(int(repeated) if repeated.isdecimal() else 1, REPEATED_MAX)
        return cells

    def _plain(self, node: Element) -> str:
        return one_line("".join(words for words, _ in self._spans(node, "")))

    def _markdown(self, node: Element) -> str:
        written: list[str] = []
        for words, target in self._spans(node, ""):
            shown = escaped(words)
            written.append(f"[{shown.strip()}]({target})" if target and shown.strip() else shown)
        return one_line("".join(written))

    def _spans(self, node: Element, target: str) -> Iterator[tuple[str, str]]:
        if node.text:
            yield node.text, target
        for each in node:
            name = local(each)
            if name == "s":
                count = attribute(each, "c")
                yield " " * min(int(count) if count.isdecimal() else 1, SPACES_MAX), target
            elif name in {"tab", "line-break"}:
                yield " ", target
            elif name == "note":
                yield self._note(each), target
            elif name == "a":
                href = attribute(each, "href")
                yield from self._spans(each, href if WEB.fullmatch(href) else "")
            elif name not in UNSEEN and not self._is_hidden(each):
                yield from self._spans(each, target)
            if each.tail:
                yield each.tail, target

    def _note(self, note: Element) -> str:
        number = self._plain(note[0]) if len(note) else ""
        body = child(note, "note-body")
        said = " ".join(self._plain(each) for each in body.iter("{*}p")) if body is not None else ""
        self.notes.append(f"[{number}] {said}")
        return f" [{number}]"

    def _is_hidden(self, node: Element) -> bool:
        named = attribute(node, "style-name")
        return (
            (named in self.hidden and local(node) in STYLED)
            or attribute(node, "display") in {"none", "condition"}
            or attribute(node, "visibility") in {"collapse", "filter"}
        )


def _title(container: Container) -> str:
    if "meta.xml" not in container.names:
        return ""
    meta = tree(container.read("meta.xml", PART_MAX_BYTES))
    node = next(meta.iter("{*}title"), None)
    return sane_title("".join(node.itertext())) if node is not None else ""


def _hidden_styles(container: Container, part: str) -> frozenset[str]:
    """Return the names of styles of hidden text, and of those that inherit from them directly."""
    hidden: set[str] = set()
    with container.open(part) as stream:
        for event, node in elements(stream, "style", starts=("body",)):
            if event == "start":
                break
            shown = child(node, "text-properties")
            parent = attribute(node, "parent-style-name")
            if attribute(shown, "display") == "none" or (parent and parent in hidden):
                hidden.add(attribute(node, "name"))
    return frozenset(hidden)
