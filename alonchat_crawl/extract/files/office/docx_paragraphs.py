"""The visible words of a DOCX paragraph."""

from collections.abc import Iterator, Mapping

from alonchat_crawl.extract.files.office.docx_styles import StyleSheet
from alonchat_crawl.extract.files.office.ooxml import Relationship
from alonchat_crawl.extract.files.office.spans import Span, as_markdown, as_plain, web_address
from alonchat_crawl.extract.files.office.xml_parts import Element, attribute, child, local

# Properties, deleted and moved text, field codes, and the copy of a drawing for old programs.
NOT_SHOWN = frozenset(
    {"rPr", "pPr", "tcPr", "del", "moveFrom", "delText", "instrText", "fldData", "Fallback"}
)
SIGNS = {"tab": " ", "ptab": " ", "br": " ", "cr": " ", "noBreakHyphen": "-"}
NOTES = {"footnoteReference": "footnotes", "endnoteReference": "endnotes"}


class ParagraphReader:
    """Reads paragraphs; remembers the notes that they refer to, and the words of their text boxes."""

    def __init__(self, styles: StyleSheet, relationships: Mapping[str, Relationship]) -> None:
        self._styles, self._relationships = styles, relationships
        self._boxes: list[str] = []
        self.noted: set[str] = set()

    def plain(self, paragraph: Element) -> str:
        """Return a paragraph's words."""
        return as_plain(self._paragraph(paragraph))

    def markdown(self, paragraph: Element) -> str:
        """Return a paragraph's words, escaped, with its links."""
        return as_markdown(self._paragraph(paragraph))

    def boxes(self) -> list[str]:
        """Return the words of the text boxes in the paragraphs that were read since the last call."""
        found, self._boxes = self._boxes, []
        return [box for box in found if box]

    def _paragraph(self, paragraph: Element) -> Iterator[Span]:
        properties = child(paragraph, "pPr")
        style = self._styles.of(attribute(child(properties, "pStyle"), "val"))
        shaded = child(properties, "shd") is not None or any(
            local(each) in {"tc", "txbxContent"} for each in paragraph.iterancestors()
        )
        return self._spans(paragraph, "", style_hidden=style.hidden, shaded=shaded)

    def _spans(self, node: Element, target: str, *, style_hidden: bool, shaded: bool) -> Iterator[Span]:
        for each in node:
            name = local(each)
            if name in NOT_SHOWN or (
                name == "r"
                and self._styles.hides(child(each, "rPr"), style_hidden=style_hidden, shaded=shaded)
            ):
                continue
            if name == "t":
                yield each.text or "", target
            elif name in SIGNS:
                yield SIGNS[name], target
            elif name in NOTES:
                self.noted.add(NOTES[name] + attribute(each, "id"))
                yield f" [{attribute(each, 'id')}]", target
            elif name == "txbxContent":
                self._boxes += [self.plain(inner) for inner in each.iterchildren("{*}p")]
            else:
                inner = self._target(each) if name == "hyperlink" else target
                yield from self._spans(each, inner, style_hidden=style_hidden, shaded=shaded)

    def _target(self, link: Element) -> str:
        found = self._relationships.get(attribute(link, "id"))
        return web_address(found.target) if found and found.external else ""
