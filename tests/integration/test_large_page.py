"""Pages as large as they come lose nothing on their way to Markdown."""

import pytest

from alonchat_crawl.extract.html.to_markdown import extract_html

pytestmark = pytest.mark.slow


def test_large_page() -> None:
    """Nothing of a page of 5 MB is lost."""
    rows = 100_000
    extracted = extract_html("<p>Some text &amp; <b>bold</b> words here.</p>" * rows, "http://example.com/")
    assert extracted.markdown.count("Some text & **bold** words here.") == rows
