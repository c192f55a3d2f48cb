"""What the sanitise stage makes of a page, without a sandbox."""

from alonchat_crawl.extract.description import describe
from alonchat_crawl.extract.document import extract_document
from alonchat_crawl.extract.site.boilerplate import Boilerplate
from alonchat_crawl.items import CleanPage, Page
from pipelines.sanitise import described, own_text


def clean_page(page: Page, boilerplate: Boilerplate | None = None) -> CleanPage:
    """Make a page safe Markdown, as the first of its source if no `boilerplate` is given.

    Raises Refused if it has no text, GiveUp if it cannot be parsed.
    """
    document = extract_document(
        page.media_type, page.text, page.provenance.url, written=page.written, note=page.note
    )
    markdown, repeated = own_text(page, document, boilerplate or Boilerplate())
    return described(page, document, markdown, describe(markdown), repeated)
