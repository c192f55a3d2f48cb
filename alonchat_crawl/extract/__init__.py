"""Bytes to Markdown, links and chunks: pure functions."""

EXTRACTION_VERSION = 4
"""To be raised when pages come out otherwise: until then a site's 304 keeps what an older version made."""
