"""The sanitise stage: one page in, one clean page out, or a reason."""

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from uuid import uuid4

import pytest

from alonchat_crawl.errors import GiveUp, Refused
from alonchat_crawl.extract.site.boilerplate import Boilerplate
from alonchat_crawl.items import ContentType, Page, Provenance
from tests.support.clean_page import clean_page


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


PROVENANCE = page("").provenance


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
    assert clean_page(page(text)).markdown == "\\# H\n\n**bold** &#96;a < b&#96;"


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


def test_source_code() -> None:
    """A source file is one fenced block under its file's name, whatever stands in it, and of type code."""
    source = page('def f():\n    """\n    ```\n    """\n    return "<b>\u202e"\n', "text/x-python")
    provenance = replace(source.provenance, url="https://a.example/src/a%20b.py")
    clean = clean_page(replace(source, provenance=provenance))
    assert clean.title == "a b.py"
    assert clean.content_type is ContentType.CODE
    assert clean.markdown == '````python\ndef f():\n    """\n    ```\n    """\n    return "<b>"\n````'
    assert clean.removed["bidi"] == 1


def test_described() -> None:
    """A page's own description, dates and language are kept; the text's language counts for more."""
    head = (
        '<html lang="de-AT"><meta name=description content=" One\n line ">'
        '<meta property=article:published_time content="2024-03-01T10:00:00+01:00">'
        '<meta property=article:modified_time content="2024-03-02">'
    )
    clean = clean_page(page(f"{head}<main><p>Kurz.</p></main>"))
    assert (clean.description, clean.language) == ("One line", "de")
    assert clean.published_at == datetime(2024, 3, 1, 9, tzinfo=UTC)
    assert clean.modified_at == datetime(2024, 3, 2, tzinfo=UTC)
    english = "This is a sentence about the settings of the product. " * 3
    assert clean_page(page(f"{head}<main><p>{english}</p></main>")).language == "en"


def test_boilerplate() -> None:
    """What stands on a source's every page goes after some; a page's hash is the same before and after."""
    shared = Boilerplate()
    first, *others = [
        replace(page(f"<main><p>Page {number} of many.</p><p>Call us now.</p></main>"), provenance=PROVENANCE)
        for number in range(8)
    ]
    before = clean_page(first, shared)
    later = [clean_page(other, shared) for other in others]
    after = clean_page(first, shared)
    assert "Call us now." in before.markdown
    assert later[-1].markdown == "Page 7 of many."
    assert later[-1].removed == {"boilerplate": 1}
    assert before.content_sha256 == after.content_sha256
    assert "Call us now." not in after.markdown


def test_what_a_file_reader_wrote() -> None:
    """It is kept as it was written; that it was cut is told in the document, its hash and its record."""
    table = "| a_b | \\*b\\* |\n| --- | --- |\n| 1 | 2 |"
    file = replace(
        page(table, "text/markdown"),
        written=True,
        note="… cut after 2 rows of 9.",
        left_out={"rows": 7},
    )
    whole, cut = clean_page(replace(file, note="", left_out={})), clean_page(file)
    assert (whole.markdown, dict(whole.removed)) == (table, {})
    assert cut.markdown == f"{table}\n\n… cut after 2 rows of 9."
    assert cut.removed == {"rows left out": 7}
    assert cut.content_sha256 != whole.content_sha256
    assert clean_page(replace(file, note="… cut after 2 rows of 10.")).content_sha256 != cut.content_sha256


def test_what_is_written_is_still_made_inert() -> None:
    """A parser that was taken over may call anything written: what is active in it stays text."""
    hostile = replace(
        page("<img src=x onerror=alert(1)>\n\n[x](javascript:alert(1))", "text/markdown"), written=True
    )
    assert "<img" not in clean_page(hostile).markdown
    assert "](javascript" not in clean_page(hostile).markdown
