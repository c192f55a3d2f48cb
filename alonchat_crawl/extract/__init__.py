"""Bytes to Markdown, links and chunks: pure functions.

A page's way: read_page.py decodes it and finds its links, document.py makes it safe Markdown, description.py
tells its language and type, chunks/chunking.py cuts it. html/ finds a page's text, text/ decodes, cleans and
classifies text of any kind, site/ reads links and sitemaps and compares a site's pages, files/ reads PDFs and
the like, markdown/ writes what is stored.
"""

EXTRACTION_VERSION = 4
"""Raise it when pages come out differently: until then a 304 response keeps what an older version made."""
