"""DOCX to Markdown: headings, paragraphs, lists, tables, links and notes; nothing hidden or deleted."""

from alonchat_crawl.extract.files.document_writer import DocumentWriter
from alonchat_crawl.extract.files.office.docx_lists import ListCounters
from alonchat_crawl.extract.files.office.docx_paragraphs import ParagraphReader
from alonchat_crawl.extract.files.office.docx_styles import StyleSheet
from alonchat_crawl.extract.files.office.ooxml import Package, switched_on
from alonchat_crawl.extract.files.office.xml_parts import (
    Element,
    attribute,
    child,
    children,
    drop,
    elements,
    local,
)
from alonchat_crawl.extract.files.table_writer import TableWriter
from alonchat_crawl.extract.markdown.inert_text import opening_escaped

MAIN = "word/document.xml"
SPANNED_MAX = 64  # columns that one cell may span
# A paragraph in one of these is written with its row or box, or not at all.
NOT_IN_BODY = frozenset({"tr", "txbxContent", "Fallback", "moveFrom"})


def write_docx(body: bytes, writer: DocumentWriter) -> None:
    """Write a document; raises GiveUp and FullError."""
    Docx(Package(body, MAIN), writer).write()


class Docx:
    """One document that is written as Markdown."""

    def __init__(self, package: Package, writer: DocumentWriter) -> None:
        self.package, self.writer = package, writer
        writer.title = package.title()
        self.styles = StyleSheet(package.related(package.main, "styles"))
        self.lists = ListCounters(package.related(package.main, "numbering"))
        self.paragraphs = ParagraphReader(self.styles, package.relationships(package.main))

    def write(self) -> None:
        """Stream the body; each paragraph and row is freed as soon as it is written."""
        table = TableWriter(self.writer.left)
        with self.package.open(self.package.main) as part:
            for _, node in elements(part, "p", "tr", "tbl"):
                name = local(node)
                outer = {local(each) for each in node.iterancestors()}
                if outer & NOT_IN_BODY:
                    continue
                if name == "p":
                    self._paragraph(node)
                elif name == "tr" and not _is_gone(node):
                    table.add(self._row(node))
                if name == "tbl" or table.is_full:
                    self.writer.add_table(table)
                    table = TableWriter(self.writer.left)
                drop(node)
        self._notes()

    def _paragraph(self, node: Element) -> None:
        properties = child(node, "pPr")
        style = self.styles.of(attribute(child(properties, "pStyle"), "val"))
        if style.is_contents:
            return
        level = self.styles.level(style, properties)
        if level:
            self.writer.heading(level, self.paragraphs.plain(node))
        elif place := self.lists.place(child(properties, "numPr"), style.numbering):
            self.writer.item(place.depth, place.number, self.paragraphs.markdown(node))
        else:
            self.writer.add(opening_escaped(self.paragraphs.markdown(node)))
        for box in self.paragraphs.boxes():
            self.writer.paragraph(box)

    def _row(self, row: Element) -> list[str]:
        cells: list[str] = []
        for cell in row.iterchildren("{*}tc", "{*}sdt"):
            cells.append(" ".join(self.paragraphs.plain(each) for each in cell.iter("{*}p")))
            span = attribute(child(cell, "tcPr", "gridSpan"), "val")
            cells += [""] * min(int(span) - 1 if span.isdecimal() else 0, SPANNED_MAX)
        return cells + self.paragraphs.boxes()

    def _notes(self) -> None:
        for kind in ("footnotes", "endnotes"):
            for note in children(self.package.related(self.package.main, kind)):
                number = attribute(note, "id")
                if kind + number in self.paragraphs.noted:
                    words = " ".join(self.paragraphs.plain(each) for each in note.iter("{*}p"))
                    self.writer.paragraph(f"[{number}] {words}")


def _is_gone(row: Element) -> bool:
    """Whether a row is hidden, or was deleted while changes were tracked."""
    properties = child(row, "trPr")
    return bool(switched_on(properties, "hidden")) or child(properties, "del") is not None
