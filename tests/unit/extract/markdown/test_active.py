"""What is stored of hostile pages is inert in Python's renderers; `make active` tries more, in others."""

import pyromark
import pytest

from alonchat_crawl.extract.markdown.writer import write
from tests.active.forms import FORMS
from tests.active.generator import documents
from tests.active.rewriting import changed
from tests.active.seeds import seeds
from tests.active.stored import WRITTEN, stored
from tests.support.rendering import active, active_html

PAYLOADS = [*list(seeds())[::631], *documents(5, 0)]
WRITTEN_SEEDS = list(seeds())[::17]


@pytest.mark.parametrize("form", FORMS)
def test_nothing_active_is_stored(form: str) -> None:
    """No document, chunk, title, heading or description of a hostile page has a tag, image or script link.

    Writing a document or a chunk again changes nothing.
    """
    texts = {text for payload in PAYLOADS for text in stored(FORMS[form](payload)) if text.kind != "url"}
    assert len(texts) > len(PAYLOADS) / 2
    for kind, part, text in texts:
        assert active(text) == [], text
        assert active_html(pyromark.html(text)) == [], text
        assert kind == "block" or active_html(f"<p>{text}</p>") == [], text
        assert part not in WRITTEN or changed(text) is None, text


def test_every_seed_is_written_inert() -> None:
    """A Markdown document of each construct is written without anything active."""
    for payload in WRITTEN_SEEDS:
        text = write(payload).markdown
        assert active_html(pyromark.html(text)) == [], (payload, text)
