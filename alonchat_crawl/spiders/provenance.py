"""Where a page or a file came from, and the URL under which it is stored."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

from scrapy.http import Response

from alonchat_crawl.fetch.files.upload_urls import stored_url
from alonchat_crawl.items import Provenance
from alonchat_crawl.policies.scope import in_scope
from alonchat_crawl.sources import Lease

VALIDATOR_MAX_BYTES = 1024
"""Longest ETag or Last-Modified that is kept; sites send about 40 bytes."""


def page_provenance(
    lease: Lease, response: Response, canonical: str | None, *, validated: bool
) -> Provenance:
    """Where a page came from. Its validators are kept only if it is stored under the URL that was fetched.

    A validator that is too long is left out; the next crawl then fetches the whole page again.
    """
    return _provenance(lease, response, _stored_url(lease, canonical), lease.url, validated=validated)


def file_provenance(lease: Lease, response: Response) -> Provenance:
    """Where a file came from. Its validators are kept only if it is stored under the URL that was fetched.

    A signed URL is stored without its signature, and so cannot be fetched again.
    """
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
    """The URL under which a page is stored: its rel=canonical, or the fetched URL if that is not credible.

    A canonical URL outside the source is ignored. So is the front page as the canonical URL of a deep page: a
    common mistake of templates, which would store the whole site as one page.
    """
    if canonical is None or not in_scope(lease.source, lease.host, canonical):
        return lease.url
    at_root = urlsplit(canonical).path == "/"
    return lease.url if at_root and urlsplit(lease.url).path != "/" else canonical
