"""The sanitise stage: one page in, one clean page out, or a reason."""

from datetime import UTC, datetime
from hashlib import sha256
from uuid import uuid4

import pytest

from alonchat_crawl.errors import GiveUp, Refused
from alonchat_crawl.items import ContentType, Page, Provenance
from pipelines.sanitise import clean_page


def page(text: str, media_type: str = "text/html") -> Page:
    """Return a page as the spider makes it."""
    provenance = Provenance(
        url="http://example.com/docs/",
        fetched_url="http://example.com/docs/",
        project_id=uuid4(),
        source_id=uuid4(),
        crawl_id=uuid4(),
        fetched_at=datetime.now(UTC),
    )
    return Page(provenance, media_type, text)


def test_html() -> None:
    """A page is extracted and described."""
    sentence = "This is a sentence about the settings of the product. "
    clean = clean_page(page(f"<title>T</title><main><h1>H</h1><p>{sentence * 3}</p><p hidden>x</p></main>"))
    assert clean.title == "T"
    assert clean.markdown == f"# H\n\n{(sentence * 3).strip()}"
    assert (clean.language, clean.content_type, clean.low_quality) == ("en", ContentType.DOCUMENTATION, False)
    assert clean.content_sha256 == sha256(f"T\n\n{clean.markdown}".encode()).digest()
    assert clean.removed == {"hidden": 1}


def test_media_types() -> None:
    """Markdown is read as Markdown, plain text is kept, anything else is HTML."""
    text = "# H\n\n<b>bold</b> `a < b`"
    assert clean_page(page(text, "text/markdown")).markdown == "# H\n\n**bold** `a < b`"
    assert clean_page(page(text, "text/plain")).markdown == "# H\n\n&lt;b>bold&lt;/b> `a < b`"
    assert clean_page(page(text)).markdown == "\\# H\n\n**bold** `a < b`"


def test_same_text_same_hash() -> None:
    """What readers do not see does not change a page's hash; what they see does."""
    one, other, changed = (
        clean_page(page(f"<main><p>Some text{shown}</p><!-- {hidden} --></main>")).content_sha256
        for shown, hidden in (("", "1"), ("", "2"), ("!", "1"))
    )
    assert one == other != changed


@pytest.mark.parametrize(
    "text", ["", "<body></body>", "\0", "<script>x</script>", "<p>---</p>", "<p>&nbsp;</p>"]
)
def test_no_text_is_refused(text: str) -> None:
    """A page without a letter or digit is refused, with a reason."""
    with pytest.raises(Refused) as caught:
        clean_page(page(text))
    assert caught.value.reason == "empty"


def test_attack_is_given_up() -> None:
    """A page that cannot be parsed is given up, with a reason and no text of it."""
    with pytest.raises(GiveUp) as caught:
        clean_page(page("<div>" * 200_000 + "text"))
    assert caught.value.reason == "extract"
    assert caught.value.detail == "The page could not be parsed: TooDeepError."
