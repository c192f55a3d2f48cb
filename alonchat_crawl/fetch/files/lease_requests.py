"""Builds the request for a lease: files get limits of their own, objects in our storage a signature."""

import math
from typing import Any, Self

from scrapy import Request
from scrapy.settings import BaseSettings

from alonchat_crawl.fetch.files.object_storage import ObjectStorage
from alonchat_crawl.fetch.files.upload_urls import MEMBER, STORAGE, scheme_of
from alonchat_crawl.fetch.request_context import RequestContext, set_context
from alonchat_crawl.sources import Hold, Kind, Lease

MEGABYTE = 1024 * 1024


class LeaseRequests:
    """Builds requests for leases."""

    def __init__(self, storage: ObjectStorage, max_file_bytes: int, file_seconds: float) -> None:
        self._storage = storage
        self._file_seconds = file_seconds
        self.max_file_bytes = max_file_bytes

    @classmethod
    def from_settings(cls, settings: BaseSettings) -> Self:
        """Read MAX_FILE_SIZE_MB, FILE_TIMEOUT_SECONDS and the S3_… settings; raises StartupError."""
        return cls(
            ObjectStorage.from_settings(settings),
            settings.getint("MAX_FILE_SIZE_MB") * MEGABYTE,
            settings.getfloat("FILE_TIMEOUT_SECONDS"),
        )

    def request_for(self, lease: Lease, hold: Hold | None, valid_until: float = math.inf) -> Request:
        """The request for a lease's URL; raises GiveUp for a stored object of another project."""
        url, headers, signed = lease.url, {}, False
        meta: dict[str, Any] = {"download_slot": hold.domain if hold is not None else lease.domain}
        if lease.kind is Kind.FILE or lease.source.files:
            meta["download_maxsize"] = self.max_file_bytes
        if lease.kind is Kind.FILE:
            meta["download_timeout"] = self._file_seconds
            meta["dont_redirect"] = True  # a signed URL names the file itself, and must not leak elsewhere
        if scheme_of(url) == STORAGE and MEMBER not in url:
            self._storage.check(lease.source.project_id, url)
            url = self._storage.address(url)
            headers = self._storage.headers(url)
            signed = True
        request = Request(url, headers=headers, meta=meta, dont_filter=True)
        context = RequestContext(
            lease,
            hold=hold,
            valid_until=valid_until,
            signed_url=request.url if signed else "",
            throttle_delay_seconds=lease.delay_seconds,
        )
        set_context(request, context)
        return request
