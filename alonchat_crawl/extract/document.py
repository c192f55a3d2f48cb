"""A page of any text type to safe Markdown, with what its source's other pages are compared by."""

from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from alonchat_crawl.extract.html.to_markdown import Extracted, extract, extract_markdown, extract_plain
from alonchat_crawl.extract.markdown.plain_lines import plain_line
from alonchat_crawl.extract.text.clean_text import clean_text
from alonchat_crawl.extract.text.injection import instructions
from alonchat_crawl.extract.text.source_code import as_markdown
from alonchat_crawl.items import SOURCE_CODE
from alonchat_crawl.parser_errors import GiveUp
from alonchat_crawl.reasons import Reason


@dataclass(frozen=True, slots=True)
class Document:
    """A page's text, and what is in it."""

    extracted: Extracted
    has_text: bool
    """Whether there is a letter or digit in it."""
    instructions: int = 0
    """Places in its text that seem to speak to a language model."""


def extract_document(
    media_type: str, text: str, url: str, *, written: bool = False, note: str = ""
) -> Document:
    """Extract a page's text; raises GiveUp where that fails. For `written` and `note` see items.Page."""
    try:
        extracted = extract_plain(text) if written else _extracted(media_type, text, url)
        if note:
            extracted = replace(extracted, markdown=f"{extracted.markdown}\n\n{note}")
        spoken = instructions(f"{extracted.title}\n{extracted.markdown}")
    except MemoryError:
        raise
    except Exception as error:  # hostile pages find new ways to break parsers; the URL's end is settled here
        raise GiveUp(Reason.EXTRACT, f"The page could not be parsed: {type(error).__name__}.") from error
    return Document(extracted, any(map(str.isalnum, extracted.markdown)), spoken)


def _extracted(media_type: str, text: str, url: str) -> Extracted:
    if media_type.startswith(SOURCE_CODE):
        return _source_code(media_type.removeprefix(SOURCE_CODE), text, url)
    if media_type == "text/plain":
        return extract_plain(text)
    if media_type == "text/markdown":
        return extract_markdown(text, url)
    return extract(text, url)


def _source_code(language: str, text: str, url: str) -> Extracted:
    """A file is one block of code under its name; what is invisible goes before the fence is chosen."""
    code, removed = clean_text(text)
    extracted = extract_plain(as_markdown(code, language))
    name = PurePosixPath(unquote(urlsplit(url).path)).name
    return replace(extracted, title=plain_line(name), removed=extracted.removed + removed)
