"""Where a page or a file came from, and the URL under which it is stored."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

from scrapy.http import Response

from alonchat_crawl.fetch.files.upload_urls import stored_url
from alonchat_crawl.items import Provenance
from alonchat_crawl.policies.scope import in_scope
from alonchat_crawl.sources import Lease

VALIDATOR_MAX_BYTES = 1024
"""Of an ETag or a Last-Modified; sites send about 40."""


def page_provenance(
    lease: Lease, response: Response, canonical: str | None, *, validated: bool
) -> Provenance:
    """Where a page came from, by its rel=canonical; with validators only if they are of that URL.

    A validator that is too long is left out: the page is then fetched again instead.
    """
    return _provenance(lease, response, _stored_url(lease, canonical), lease.url, validated=validated)


def file_provenance(lease: Lease, response: Response) -> Provenance:
    """Where a file came from, by the name that it keeps; validators are of use under a lasting URL only."""
    url = stored_url(lease.url)
    return _provenance(lease, response, url, url, validated=True)


def _provenance(
    lease: Lease, response: Response, url: str, fetched_url: str, *, validated: bool
) -> Provenance:
    def header(name: str) -> str | None:
        value = response.headers.get(name) if validated and url == lease.url else None
        if not value or len(value) > VALIDATOR_MAX_BYTES:
            return None
        return value.decode("latin-1").replace("\0", "")  # Postgres takes no NUL

    return Provenance(
        url=url,
        fetched_url=fetched_url,
        project_id=lease.source.project_id,
        source_id=lease.source.source_id,
        crawl_id=lease.source.crawl_id,
        fetched_at=datetime.now(UTC),
        etag=header("ETag"),
        last_modified=header("Last-Modified"),
    )


def _stored_url(lease: Lease, canonical: str | None) -> str:
    """The URL under which a page is stored: its rel=canonical, if that can be believed.

    A canonical URL outside the source is not believed. Nor is a deep page that names the front page: that
    is a common mistake of templates, and would fold the whole site into one page.
    """
    if canonical is None or not in_scope(lease.source, lease.host, canonical):
        return lease.url
    at_root = urlsplit(canonical).path == "/"
    return lease.url if at_root and urlsplit(lease.url).path != "/" else canonical
