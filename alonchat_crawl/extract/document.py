"""A page of any text type to safe Markdown: HTML, Markdown, plain text or a source file.

The steps that clean it: html/hidden.py removes hidden elements, html/clean_dom.py scripts and forms,
text/clean_text.py invisible characters; markdown/writer.py writes what is left so that nothing of it can run.
"""

import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

import pyromark
from html_to_markdown import convert

from alonchat_crawl.extract.html.clean_dom import keep_visible, make_links_absolute
from alonchat_crawl.extract.html.parse import parse
from alonchat_crawl.extract.html.to_markdown import OPTIONS, extract_html, title_of
from alonchat_crawl.extract.markdown.titles import plain_line
from alonchat_crawl.extract.safe_markdown import Extracted, safe_markdown
from alonchat_crawl.extract.text.clean_text import clean_text
from alonchat_crawl.extract.text.injection import instructions
from alonchat_crawl.extract.text.media_types import MARKDOWN, PLAIN
from alonchat_crawl.extract.text.source_code import as_markdown
from alonchat_crawl.items import SOURCE_CODE
from alonchat_crawl.parser_errors import GiveUp
from alonchat_crawl.reasons import Reason

FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?\n)?(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
FRONT_TITLE = re.compile(r"^title:[ \t]*(['\"]?)(.+?)\1[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Document:
    """A page's text, and what is in it."""

    extracted: Extracted
    has_text: bool
    """Whether its Markdown has a letter or digit."""
    instructions: int = 0
    """Places in its text that seem to speak to a language model."""


def extract_document(
    media_type: str, text: str, url: str, *, written: bool = False, note: str = ""
) -> Document:
    """Extract a page's text; raises GiveUp if that fails. For `written` and `note` see items.Page."""
    try:
        extracted = extract_plain(text) if written else _extracted(media_type, text, url)
        if note:
            extracted = replace(extracted, markdown=f"{extracted.markdown}\n\n{note}")
        found = instructions(f"{extracted.title}\n{extracted.markdown}")
    except MemoryError:
        raise
    except Exception as error:  # hostile pages find new ways to break parsers; the URL's end is settled here
        raise GiveUp(Reason.EXTRACT, f"The page could not be parsed: {type(error).__name__}.") from error
    return Document(extracted, any(map(str.isalnum, extracted.markdown)), found)


def _extracted(media_type: str, text: str, url: str) -> Extracted:
    if media_type.startswith(SOURCE_CODE):
        return _source_code(media_type.removeprefix(SOURCE_CODE), text, url)
    if media_type == PLAIN:
        return extract_plain(text)
    if media_type == MARKDOWN:
        return extract_markdown(text, url)
    return extract_html(text, url)


def extract_markdown(text: str, url: str) -> Extracted:
    """Extract a Markdown document: through HTML, so that raw HTML and links in it get the same treatment."""
    text, removed = clean_text(text)
    front = FRONT_MATTER.match(text)
    named = FRONT_TITLE.search(front.group(1) or "") if front else None
    # In a hundredth of markdown-it's time: of a large spreadsheet in milliseconds instead of seconds.
    html = pyromark.html(text[front.end() :] if front else text, options=pyromark.Options.ENABLE_TABLES)
    tree = parse(html)
    removed.update(keep_visible(tree))
    removed.update(link=make_links_absolute(tree, url))
    markdown = convert(tree.body.html or "", OPTIONS).content if tree.body else ""
    return safe_markdown(named.group(2) if named else title_of(tree), markdown or "", removed)


def extract_plain(text: str) -> Extracted:
    """Take a plain text for Markdown: its words and lines stay, and what looks like a list or code is one."""
    return safe_markdown("", text, Counter())


def _source_code(language: str, text: str, url: str) -> Extracted:
    """Make a source file one block of code, titled with the file's name.

    Invisible characters go first: they could hide a fence in the code.
    """
    code, removed = clean_text(text)
    extracted = extract_plain(as_markdown(code, language))
    name = PurePosixPath(unquote(urlsplit(url).path)).name
    return replace(extracted, title=plain_line(name), removed=extracted.removed + removed)
