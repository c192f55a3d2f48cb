"""How much of the structure of 200 pages of ten Debian documentation packages is still there as Markdown.

What should be there is read with lxml from the page's content: its body without <nav>, what its site's
generator puts around it, scripts and forms. A heading, code line, table row or list item has survived
where the Markdown has an element of that kind with the same words.
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from lxml import html as lxml_html  # type: ignore[import-untyped]  # it has no hints
from markdown_it import MarkdownIt

from tests.benchmarks.bench import Bench
from tests.benchmarks.extraction.data import debian_package
from tests.benchmarks.extraction.extractors import BASELINE, baseline, ours
from tests.benchmarks.results import Row

# By package: what stands around the content.
PACKAGES = {
    "python3.11-doc": "sphinxsidebar related footer mobile-nav menu-wrapper",
    "git-doc": "",
    "postgresql-doc-15": "navheader navfooter",
    "debian-policy": "sphinxsidebar related footer",
    "sqlite3-doc": "menu nosearch searchmenu toolbar rightsidebar fancy_toc",
    "zsh-doc": "nav-panel header",
    "apache2-doc": "up toplang bottomlang quickview page-header footer comments_section",
    "nodejs-doc": "column2 header apidoc-header",
    "libgtk-4-doc": "sidebar toc",
    "python-django-doc": "sphinxsidebar nav yui-g rel global-nav",
}
PAGES_EACH = 20
BYTES = range(2_000, 2_000_000)  # of a page: neither a redirect nor a whole book
AROUND = "//nav|//script|//style|//template|//noscript|//form|//footer[not(ancestor::main)]|//head"
SILENT = re.compile(r"[\W_]+")
LINE = re.compile(r"\s+")
MARKDOWN = MarkdownIt("commonmark").enable("table")
KINDS = ("headings", "code lines", "table rows", "list items")

Elements = dict[str, Counter[str]]


def measure(bench: Bench) -> Iterator[Row]:
    """Yield the share of each kind that survives, over all pages together."""
    wanted, kept, other = (Counter[str]() for _ in range(3))
    for name, path in pages(2 if bench.quick else PAGES_EACH):
        text = path.read_text(errors="replace")
        there = in_html(text, PACKAGES[name])
        url = f"http://example.com/{name}/{path.name}"
        for extractor, counts in ((ours, kept), (baseline, other)):
            found = in_markdown(extractor(text, url))
            for kind in KINDS:
                counts[kind] += (there[kind] & found[kind]).total()
        for kind in KINDS:
            wanted[kind] += there[kind].total()
    for kind in KINDS:
        share = 100 * kept[kind] / wanted[kind]
        yield Row(
            f"{kind} kept, of {wanted[kind]}", "%", [share], BASELINE, [100 * other[kind] / wanted[kind]]
        )


def pages(each: int) -> Iterator[tuple[str, Path]]:
    """Yield (package, file) of so many pages of each package, evenly spread over the names."""
    for name in PACKAGES:
        files = sorted(
            path
            for path in debian_package(name).rglob("*.html*")
            if path.suffix in {".html", ".en"} and path.is_file() and path.stat().st_size in BYTES
        )
        for number in range(min(each, len(files))):
            yield name, files[number * len(files) // each]


def in_html(text: str, around: str) -> Elements:
    """Count what a page's content has."""
    tree = lxml_html.fromstring(text.encode())
    classes = "".join(
        f"|//*[contains(concat(' ', @class, ' '), ' {name} ') or @id='{name}']" for name in around.split()
    )
    for node in tree.xpath(AROUND + classes):
        if node.getparent() is not None:
            node.drop_tree()
    for node in tree.xpath(
        "//a[contains(@class, 'headerlink') or contains(@class, 'anchor')][string-length(.) < 3]"
    ):
        node.drop_tree()
    found: Elements = {kind: Counter() for kind in KINDS}
    for node in tree.iter("h1", "h2", "h3", "h4", "h5", "h6"):
        _count(found, "headings", node.text_content())
    for node in tree.iter("pre"):
        for line in node.text_content().splitlines():
            _count_line(found, line)
    for node in tree.xpath("//tr[not(ancestor::tr)][not(.//pre)]"):
        _count(found, "table rows", node.text_content())
    for node in tree.xpath("//li[not(.//li)][not(.//pre)][not(.//table)]"):
        _count(found, "list items", node.text_content())
    return found


def in_markdown(markdown: str) -> Elements:
    """Count what a Markdown document has."""
    found: Elements = {kind: Counter() for kind in KINDS}
    tokens = MARKDOWN.parse(markdown)
    for token in tokens:
        if token.type in {"fence", "code_block"}:
            for line in token.content.splitlines():
                _count_line(found, line)
    for kind, name in (("headings", "heading"), ("table rows", "tr"), ("list items", "list_item")):
        open_elements: list[list[str]] = []
        for token in tokens:
            if token.type == f"{name}_open":
                open_elements.append([])
            elif token.type == f"{name}_close":
                _count(found, kind, "".join(open_elements.pop()))
            elif token.type == "inline" and open_elements:
                open_elements[-1] += [child.content for child in token.children or ()]
    return found


def _count(found: Elements, kind: str, text: str) -> None:
    if words := SILENT.sub("", text).lower():
        found[kind][words] += 1


def _count_line(found: Elements, line: str) -> None:
    if code := LINE.sub(" ", line).strip():
        found["code lines"][code] += 1
