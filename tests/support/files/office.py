"""Documents that are ZIPs of XML: DOCX, PPTX, XLSX, ODT and EPUB, of as few parts as programs open."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

PACKAGE = "http://schemas.openxmlformats.org/package/2006/"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
P = "http://schemas.openxmlformats.org/presentationml/2006/main"
A = "http://schemas.openxmlformats.org/drawingml/2006/main"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
Parts = Mapping[str, str | bytes]


def zipped(parts: Parts, *, stored: Sequence[str] = ("mimetype",)) -> bytes:
    """Return a ZIP, the same for the same parts."""
    buffer = BytesIO()
    with ZipFile(buffer, "w") as file:
        for name, body in parts.items():
            info = ZipInfo(name)
            info.compress_type = ZIP_STORED if name in stored else ZIP_DEFLATED
            file.writestr(info, body)
    return buffer.getvalue()


def relationships(*targets: tuple[str, str], external: Sequence[str] = ()) -> str:
    """Return a part of relationships, rId1 and so on: kinds and targets."""
    each = "".join(
        f'<Relationship Id="rId{number}" Type="{OFFICE}/{kind}" Target="{target}"'
        f"{' TargetMode=' + chr(34) + 'External' + chr(34) if target in external else ''}/>"
        for number, (kind, target) in enumerate(targets, 1)
    )
    return f'{HEAD}<Relationships xmlns="{PACKAGE}relationships">{each}</Relationships>'


def ooxml(main: str, parts: Parts, title: str = "") -> dict[str, str | bytes]:
    """Return an office document's parts."""
    core = (
        f'{HEAD}<cp:coreProperties xmlns:cp="{PACKAGE}metadata/core-properties" '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{title}</dc:title></cp:coreProperties>'
    )
    return {
        "[Content_Types].xml": f'{HEAD}<Types xmlns="{PACKAGE}content-types"/>',
        "_rels/.rels": relationships(("officeDocument", main)),
        "docProps/core.xml": core,
        **parts,
    }


def docx(body: str, *, parts: Parts | None = None, title: str = "") -> bytes:
    """Return a DOCX of a body's XML."""
    return zipped(docx_parts(body, parts=parts, title=title))


def docx_parts(body: str, *, parts: Parts | None = None, title: str = "") -> dict[str, str | bytes]:
    """Return a DOCX's parts: with styles Title, Heading1 to 3, Contents and Unseen, and two lists."""
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="{name.replace(" ", "").capitalize()}"><w:name w:val="{name}"/>'
        f"{rest}</w:style>"
        for name, rest in (
            ("title", ""),
            ("heading 1", '<w:pPr><w:outlineLvl w:val="0"/></w:pPr>'),
            ("heading 2", '<w:basedOn w:val="Heading1"/>'),
            ("toc 1", ""),
            ("unseen", "<w:rPr><w:vanish/></w:rPr>"),
            ("derived", '<w:basedOn w:val="Heading2"/>'),
        )
    )
    levels = "".join(
        f'<w:abstractNum w:abstractNumId="{number}"><w:lvl w:ilvl="0"><w:numFmt w:val="{kind}"/></w:lvl>'
        f'<w:lvl w:ilvl="1"><w:numFmt w:val="{kind}"/></w:lvl></w:abstractNum>'
        for number, kind in enumerate(("bullet", "decimal"))
    )
    numbers = "".join(f'<w:num w:numId="{n + 1}"><w:abstractNumId w:val="{n}"/></w:num>' for n in range(2))
    return ooxml(
        "word/document.xml",
        {
            "word/document.xml": f'{HEAD}<w:document xmlns:w="{W}" xmlns:r="{OFFICE}"><w:body>{body}</w:body></w:document>',
            "word/styles.xml": f'{HEAD}<w:styles xmlns:w="{W}">{styles}</w:styles>',
            "word/numbering.xml": f'{HEAD}<w:numbering xmlns:w="{W}">{levels}{numbers}</w:numbering>',
            "word/_rels/document.xml.rels": relationships(
                ("styles", "styles.xml"),
                ("numbering", "numbering.xml"),
                ("hyperlink", "https://example.com/terms"),
                ("hyperlink", "javascript:alert(1)"),
                ("footnotes", "footnotes.xml"),
                external=("https://example.com/terms", "javascript:alert(1)"),
            ),
            "word/footnotes.xml": f'{HEAD}<w:footnotes xmlns:w="{W}"><w:footnote w:id="2">{par("A note.")}</w:footnote>'
            f'<w:footnote w:id="3">{par("Never referred to.")}</w:footnote></w:footnotes>',
            **(parts or {}),
        },
        title,
    )


def par(text: str, style: str = "", properties: str = "", run: str = "") -> str:
    """Return a DOCX paragraph of one run; the arguments are XML."""
    style = f'<w:pStyle w:val="{style}"/>' if style else ""
    return (
        f"<w:p><w:pPr>{style}{properties}</w:pPr><w:r><w:rPr>{run}</w:rPr>"
        f'<w:t xml:space="preserve">{text}</w:t></w:r></w:p>'
    )


def in_list(number: int, level: int = 0) -> str:
    """Return the paragraph property of an item: list 1 has bullets, list 2 numbers."""
    return f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>'


def pptx(slides: Sequence[str], *, title: str = "", shown: Sequence[bool] = ()) -> bytes:
    """Return a PPTX of slides' shapes in XML."""
    shown = [*shown, *[True] * (len(slides) - len(shown))]
    numbers = range(1, len(slides) + 1)
    listed = "".join(f'<p:sldId id="{255 + number}" r:id="rId{number}"/>' for number in numbers)
    parts = {
        f"ppt/slides/slide{number}.xml": f'{HEAD}<p:sld xmlns:p="{P}" xmlns:a="{A}"{"" if seen else " show=" + chr(34) + "0" + chr(34)}>'
        f"<p:cSld><p:spTree>{slide}</p:spTree></p:cSld></p:sld>"
        for number, slide, seen in zip(numbers, slides, shown, strict=True)
    }
    return zipped(
        ooxml(
            "ppt/presentation.xml",
            {
                "ppt/presentation.xml": f'{HEAD}<p:presentation xmlns:p="{P}" xmlns:r="{OFFICE}">'
                f"<p:sldIdLst>{listed}</p:sldIdLst></p:presentation>",
                "ppt/_rels/presentation.xml.rels": relationships(
                    *(("slide", f"slides/slide{number}.xml") for number in numbers)
                ),
                **parts,
            },
            title,
        )
    )


def shape(*paragraphs: str, kind: str = "body", hidden: bool = False) -> str:
    """Return a slide's placeholder; a kind of "" is a text box."""
    place = f'<p:ph type="{kind}"/>' if kind else ""
    lines = "".join(f"<a:p><a:r><a:t>{each}</a:t></a:r></a:p>" for each in paragraphs)
    seen = ' hidden="1"' if hidden else ""
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="1" name="x"{seen}/><p:nvPr>{place}</p:nvPr></p:nvSpPr>'
        f"<p:txBody>{lines}</p:txBody></p:sp>"
    )


def grid(rows: Sequence[Sequence[str]]) -> str:
    """Return a slide's table."""
    cells = "".join(
        "<a:tr>"
        + "".join(
            f"<a:tc><a:txBody><a:p><a:r><a:t>{each}</a:t></a:r></a:p></a:txBody></a:tc>" for each in row
        )
        + "</a:tr>"
        for row in rows
    )
    return f"<p:graphicFrame><p:nvGraphicFramePr><p:cNvPr id='2' name='t'/></p:nvGraphicFramePr><a:tbl>{cells}</a:tbl></p:graphicFrame>"


def xlsx(
    sheets: Mapping[str, str], *, strings: Sequence[str] = (), hidden: Sequence[str] = (), title: str = ""
) -> bytes:
    """Return an XLSX of sheets' XML, by name; cell style 1 is a date, 2 a moment, 3 a percentage, 4 nothing."""
    numbers = range(1, len(sheets) + 1)
    listed = "".join(
        f'<sheet name="{name}" sheetId="{number}" r:id="rId{number}"{" state=" + chr(34) + "hidden" + chr(34) if name in hidden else ""}/>'
        for number, name in zip(numbers, sheets, strict=True)
    )
    styles = (
        '<numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd hh:mm&quot; h&quot;"/><numFmt numFmtId="165" formatCode=";;;"/></numFmts><cellXfs>'
        '<xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="10"/><xf numFmtId="165"/></cellXfs>'
    )
    parts = {
        f"xl/worksheets/sheet{number}.xml": f'{HEAD}<worksheet xmlns="{S}">{sheet}</worksheet>'
        for number, sheet in zip(numbers, sheets.values(), strict=True)
    }
    shared = "".join(f"<si><t>{each}</t></si>" for each in strings)
    return zipped(
        ooxml(
            "xl/workbook.xml",
            {
                "xl/workbook.xml": f'{HEAD}<workbook xmlns="{S}" xmlns:r="{OFFICE}"><sheets>{listed}</sheets></workbook>',
                "xl/_rels/workbook.xml.rels": relationships(
                    *(("worksheet", f"worksheets/sheet{number}.xml") for number in numbers),
                    ("sharedStrings", "sharedStrings.xml"),
                    ("styles", "styles.xml"),
                ),
                "xl/sharedStrings.xml": f'{HEAD}<sst xmlns="{S}">{shared}</sst>',
                "xl/styles.xml": f'{HEAD}<styleSheet xmlns="{S}">{styles}</styleSheet>',
                **parts,
            },
            title,
        )
    )


ODF = "urn:oasis:names:tc:opendocument:xmlns:"
NAMESPACES = " ".join(
    f'xmlns:{name}="{ODF}{name}:1.0"' for name in ("office", "text", "table", "style", "meta", "drawing")
)


def odt(body: str, *, title: str = "", manifest: str = "") -> bytes:
    """Return an ODT of a text's XML; its style Unseen hides."""
    hidden = '<style:style style:name="Unseen"><style:text-properties text:display="none"/></style:style>'
    links = 'xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    return zipped(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "content.xml": f"{HEAD}<office:document-content {NAMESPACES} {links}><office:automatic-styles>{hidden}"
            f"</office:automatic-styles><office:body><office:text>{body}</office:text></office:body></office:document-content>",
            "meta.xml": f"{HEAD}<office:document-meta {NAMESPACES} {links}><office:meta><dc:title>{title}</dc:title></office:meta></office:document-meta>",
            "META-INF/manifest.xml": f'{HEAD}<manifest:manifest xmlns:manifest="{ODF}manifest:1.0">{manifest}</manifest:manifest>',
        }
    )


def epub(chapters: Sequence[str], *, title: str = "", parts: Parts | None = None) -> bytes:
    """Return an EPUB of chapters in XHTML."""
    names = [f"chapter{number}.xhtml" for number in range(1, len(chapters) + 1)]
    items = "".join(f'<item id="{name}" href="{name}" media-type="application/xhtml+xml"/>' for name in names)
    spine = "".join(f'<itemref idref="{name}"/>' for name in ["nav", *names])
    return zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": f'{HEAD}<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0">'
            '<rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>',
            "OEBPS/book.opf": f'{HEAD}<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
            f'<dc:title>{title}</dc:title></metadata><manifest>{items}<item id="nav" href="nav.xhtml" '
            f'media-type="application/xhtml+xml" properties="nav"/></manifest><spine>{spine}</spine></package>',
            "OEBPS/nav.xhtml": "<html><body><nav>Contents</nav></body></html>",
            **{f"OEBPS/{name}": chapter for name, chapter in zip(names, chapters, strict=True)},
            **(parts or {}),
        }
    )
