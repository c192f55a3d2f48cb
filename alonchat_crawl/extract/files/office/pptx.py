"""PPTX to Markdown: slides in their order, each under its title; nothing hidden, and no notes."""

from collections.abc import Iterator

from alonchat_crawl.extract.files.document_writer import DocumentWriter
from alonchat_crawl.extract.files.escaping import escaped, one_line
from alonchat_crawl.extract.files.office.ooxml import OFF, Package, relationship_id
from alonchat_crawl.extract.files.office.xml_parts import Element, attribute, child, children, local

MAIN = "ppt/presentation.xml"
TITLES = frozenset({"title", "ctrTitle"})
SLIDE_FURNITURE = frozenset({"dt", "ftr", "sldNum", "hdr"})  # date, footer, number, header placeholders
SLIDES_MAX = 5000
SHAPES = frozenset({"sp", "graphicFrame", "grpSp", "cxnSp", "pic"})


def write_pptx(body: bytes, writer: DocumentWriter) -> None:
    """Write a presentation; raises GiveUp and FullError."""
    package = Package(body, MAIN)
    writer.title = package.title()
    parts = package.relationships(package.main)
    listed = children(package.tree(package.main), "sldIdLst")
    for number, slide in enumerate(listed[:SLIDES_MAX], 1):
        part = parts.get(relationship_id(slide))
        root = package.tree(part.target) if part and part.kind == "slide" and not part.external else None
        if root is not None and root.get("show", "1") not in OFF:
            _slide(root, number, writer)
    if len(listed) > SLIDES_MAX:
        writer.remark("slides", SLIDES_MAX, len(listed))


def _slide(root: Element, number: int, writer: DocumentWriter) -> None:
    shapes = list(_shapes(child(root, "cSld", "spTree")))
    titles = [shape for shape in shapes if _placeholder(shape) in TITLES]
    title = " ".join(_words(each) for shape in titles for each in shape.iter("{*}p"))
    writer.heading(2, one_line(title) or f"Slide {number}")
    for shape in shapes:
        if shape in titles or _placeholder(shape) in SLIDE_FURNITURE:
            continue
        if local(shape) == "graphicFrame":
            for table in shape.iter("{*}tbl"):
                writer.table(
                    [
                        " ".join(_words(each) for each in cell.iter("{*}p"))
                        for cell in row.iterchildren("{*}tc")
                    ]
                    for row in table.iterchildren("{*}tr")
                )
        else:
            _body(shape, writer)


def _shapes(node: Element | None) -> Iterator[Element]:
    """Yield the visible shapes in drawing order, those of groups included."""
    for each in children(node):
        name = local(each)
        if name == "AlternateContent":  # the same shape twice, for new and for old programs
            yield from _shapes(child(each, "Choice"))
        elif name in SHAPES and not _is_hidden(each):
            yield from _shapes(each) if name == "grpSp" else [each]


def _is_hidden(shape: Element) -> bool:
    return any(
        each.get("hidden", "0") not in OFF
        for named in shape
        if local(named).startswith("nv")
        for each in named.iterchildren("{*}cNvPr")
    )


def _placeholder(shape: Element) -> str:
    node = child(shape, "nvSpPr", "nvPr", "ph")
    return "" if node is None else node.get("type", "body")


def _body(shape: Element, writer: DocumentWriter) -> None:
    """Write a placeholder's paragraphs as a list, those of a text box as paragraphs."""
    lines = [each for each in shape.iter("{*}p") if _words(each)]
    is_list = bool(_placeholder(shape)) and len(lines) > 1
    for line in lines:
        if is_list:
            level = attribute(child(line, "pPr"), "lvl")
            writer.item(int(level) if level.isdecimal() else 0, None, escaped(_words(line)))
        else:
            writer.paragraph(_words(line))


def _words(paragraph: Element) -> str:
    words = (" " if local(each) == "br" else each.text or "" for each in paragraph.iter("{*}t", "{*}br"))
    return one_line("".join(words))
