"""ODT to Markdown: headings, paragraphs, lists, tables and notes (OASIS OpenDocument 1.3, part 3)."""

from collections.abc import Iterator

from alonchat_crawl.extract.files.archives.checked_zip import CheckedZip
from alonchat_crawl.extract.files.document_writer import DocumentWriter
from alonchat_crawl.extract.files.office.ooxml import PART_MAX_BYTES, title_in
from alonchat_crawl.extract.files.office.spans import Span, as_markdown, as_plain, web_address
from alonchat_crawl.extract.files.office.xml_parts import (
    Element,
    attribute,
    child,
    drop,
    elements,
    local,
    tree,
)
from alonchat_crawl.extract.files.table_writer import TableWriter
from alonchat_crawl.extract.markdown.inert_text import opening_escaped
from alonchat_crawl.parser_errors import GiveUp
from alonchat_crawl.reasons import Reason

CONTENT = "content.xml"
ENCRYPTED = b"encryption-data"
BLOCKS = ("p", "h", "table-row", "table")
# Deleted text, comments, notes and text boxes (written later), and text shown on a condition only.
NOT_SHOWN = frozenset(
    {"tracked-changes", "annotation", "hidden-paragraph", "hidden-text", "note", "text-box"}
)
STYLED = frozenset({"p", "h", "span", "a"})  # elements whose styles have text properties
INDEXES = frozenset({"table-of-content", "illustration-index", "table-index", "alphabetical-index"})
REPEATED_MAX = 64  # times that one cell is repeated: more is filling, or an attack
SPACES_MAX = 64


def write_odt(body: bytes, writer: DocumentWriter) -> None:
    """Write a document; raises GiveUp and FullError."""
    zip_file = CheckedZip.of_document(body)
    if "META-INF/manifest.xml" in zip_file.names and ENCRYPTED in zip_file.read(
        "META-INF/manifest.xml", PART_MAX_BYTES
    ):
        raise GiveUp(Reason.FILE_ENCRYPTED, "It is protected by a password: remove that and send it again.")
    writer.title = _title(zip_file)
    hidden = _hidden_styles(zip_file, CONTENT)
    if "styles.xml" in zip_file.names:
        hidden |= _hidden_styles(zip_file, "styles.xml")
    Odt(writer, hidden).write(zip_file)


class Odt:
    """One document that is written as Markdown."""

    def __init__(self, writer: DocumentWriter, hidden: frozenset[str]) -> None:
        self.writer, self.hidden = writer, hidden
        self.notes: list[str] = []

    def write(self, zip_file: CheckedZip) -> None:
        """Stream the body; each block is freed as soon as it is written."""
        table = TableWriter(self.writer.left)
        with zip_file.open(CONTENT) as part:
            for _, node in elements(part, *BLOCKS):
                outer = list(node.iterancestors())
                names = [local(each) for each in outer]
                name = local(node)
                if "table-row" in names or not {"text"} & set(names) or NOT_SHOWN & set(names):
                    continue
                shown = not INDEXES & set(names) and not any(map(self._is_hidden, [node, *outer]))
                if name == "table-row" and shown:
                    table.add(self._row(node))
                elif shown and name in {"p", "h"}:
                    self._block(node, name, names)
                if name == "table" or table.is_full:
                    self.writer.add_table(table)
                    table = TableWriter(self.writer.left)
                drop(node)
        for note in self.notes:
            self.writer.paragraph(note)

    def _block(self, node: Element, name: str, outer: list[str]) -> None:
        if name == "h":
            level = attribute(node, "outline-level")
            self.writer.heading(int(level) if level.isdecimal() else 1, self._plain(node))
        elif depth := outer.count("list"):
            first = node.getprevious() is None
            self.writer.item(depth - 1 if first else depth, None, self._markdown(node))
        else:
            self.writer.add(opening_escaped(self._markdown(node)))
        for box in node.iter("{*}text-box"):
            for each in box.iter("{*}p"):
                self.writer.paragraph(self._plain(each))

    def _row(self, row: Element) -> list[str]:
        cells: list[str] = []
        for cell in row.iterchildren("{*}table-cell", "{*}covered-table-cell"):
            words = " ".join(self._plain(each) for each in cell.iter("{*}p", "{*}h"))
            repeated = attribute(cell, "number-columns-repeated")
            cells += [words] * min(int(repeated) if repeated.isdecimal() else 1, REPEATED_MAX)
        return cells

    def _plain(self, node: Element) -> str:
        return as_plain(self._spans(node, ""))

    def _markdown(self, node: Element) -> str:
        return as_markdown(self._spans(node, ""))

    def _spans(self, node: Element, target: str) -> Iterator[Span]:
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
                yield from self._spans(each, web_address(attribute(each, "href")))
            elif name not in NOT_SHOWN and not self._is_hidden(each):
                yield from self._spans(each, target)
            if each.tail:
                yield each.tail, target

    def _note(self, note: Element) -> str:
        number = self._plain(note[0]) if len(note) else ""
        body = child(note, "note-body")
        words = " ".join(self._plain(each) for each in body.iter("{*}p")) if body is not None else ""
        self.notes.append(f"[{number}] {words}")
        return f" [{number}]"

    def _is_hidden(self, node: Element) -> bool:
        named = attribute(node, "style-name")
        return (
            (named in self.hidden and local(node) in STYLED)
            or attribute(node, "display") in {"none", "condition"}
            or attribute(node, "visibility") in {"collapse", "filter"}
        )


def _title(zip_file: CheckedZip) -> str:
    if "meta.xml" not in zip_file.names:
        return ""
    meta = tree(zip_file.read("meta.xml", PART_MAX_BYTES))
    return title_in(next(meta.iter("{*}title"), None))


def _hidden_styles(zip_file: CheckedZip, part: str) -> frozenset[str]:
    """Return the names of styles of hidden text, and of those that inherit from them directly."""
    hidden: set[str] = set()
    with zip_file.open(part) as stream:
        for event, node in elements(stream, "style", starts=("body",)):
            if event == "start":
                break
            shown = child(node, "text-properties")
            parent = attribute(node, "parent-style-name")
            if attribute(shown, "display") == "none" or (parent and parent in hidden):
                hidden.add(attribute(node, "name"))
    return frozenset(hidden)
