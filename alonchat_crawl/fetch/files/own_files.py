"""Serves what is on no site, without the network: the list of an upload, local files, files in archives."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Self
from uuid import UUID

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response

from alonchat_crawl.errors import GiveUp
from alonchat_crawl.fetch.body_budget import BodyBudget
from alonchat_crawl.fetch.files.lease_requests import LeaseRequests
from alonchat_crawl.fetch.files.local_files import read_local
from alonchat_crawl.fetch.files.upload_urls import LOCAL, UPLOAD, WEB, scheme_of, split_member
from alonchat_crawl.fetch.pacer import Pacer, pacer_of
from alonchat_crawl.fetch.request_context import context_of
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sandbox.pool import Sandbox
from alonchat_crawl.sources import Kind, Lease


class ArchiveCache:
    """Keeps the most recently used archives, up to `most_bytes`, while their members are read."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bodies: OrderedDict[tuple[UUID, str], bytes] = OrderedDict()
        """By run and URL, so that no other project or later run can get an archive."""

    def put(self, lease: Lease, url: str, body: bytes) -> None:
        """Keep an archive. The newest one is kept, however large it is."""
        self._bodies[lease.source.crawl_id, url] = body
        self._bodies.move_to_end((lease.source.crawl_id, url))
        while len(self._bodies) > 1 and sum(map(len, self._bodies.values())) > self._most_bytes:
            self._bodies.popitem(last=False)

    def get(self, lease: Lease, url: str) -> bytes | None:
        """Return an archive of the lease's run; None if it is not kept."""
        key = lease.source.crawl_id, url
        if key in self._bodies:
            self._bodies.move_to_end(key)
        return self._bodies.get(key)


class OwnFiles:
    """Downloader middleware, nearest the engine: serves what is on no site.

    Its responses go through the other middlewares like all responses, the scanner first.
    """

    def __init__(
        self,
        crawler: Crawler,
        pacer: Pacer,
        requests: LeaseRequests,
        archives: ArchiveCache,
        paths: Mapping[str, Path],
    ) -> None:
        self._pacer = pacer
        self.archives = archives
        self._crawler = crawler
        self._bodies = BodyBudget.of(crawler)
        self._requests = requests
        self._paths = paths

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Read the limits and the spider's local files."""
        settings = crawler.settings
        return cls(
            crawler,
            pacer_of(crawler),
            LeaseRequests.from_settings(settings),
            ArchiveCache(settings.getint("ARCHIVE_SHELF_BYTES")),
            getattr(crawler.spider, "local_files", {}),
        )

    async def process_request(self, request: Request) -> Response | None:
        """Return the response to a URL that is on no site; None for others. Raises any ReasonedError."""
        context = context_of(request)
        lease = context.lease
        if lease is None or context.is_site_file or lease.source.kind != UPLOAD:
            return None
        archive, member = split_member(lease.url)
        scheme = scheme_of(lease.url)
        if lease.kind is Kind.START:
            body = b""
        elif member:
            body = await self._member(request, lease, archive, member)
        elif scheme == LOCAL:
            body = await self._local(request, lease.url)
        else:
            return None
        if context.hold is not None:  # so that the source's next URL need not wait
            self._pacer.released(context.hold, request, None)
        return Response(request.url, body=body)

    async def _local(self, request: Request, url: str) -> bytes:
        path = self._paths.get(url)
        if path is None:
            raise GiveUp(Reason.FILE_UNREADABLE, "this process was given no such file")

        async def read(most_bytes: int) -> bytes:
            return await asyncio.to_thread(read_local, path, most_bytes)

        return await self._bodies.read(request, self._requests.max_file_bytes, read)

    async def _member(self, request: Request, lease: Lease, archive: str, member: str) -> bytes:
        body = self.archives.get(lease, archive)
        if body is None:
            body = await self._fetch(replace(lease, url=archive))
            self.archives.put(lease, archive, body)
            self._bodies.free(lease)

        async def read(most_bytes: int) -> bytes:
            sandbox = Sandbox.of(self._crawler)
            found: bytes = await sandbox.run("read_member", body=body, name=member, max_bytes=most_bytes)
            return found

        return await self._bodies.read(request, self._requests.max_file_bytes, read)

    async def _fetch(self, lease: Lease) -> bytes:
        """Fetch an archive again that another worker had opened. The request passes all policies."""
        engine = self._crawler.engine
        assert engine is not None  # noqa: S101 - it runs us
        hold = await self._pacer.hold(lease, lease.url) if scheme_of(lease.url) in WEB else None
        response = await engine.download_async(self._requests.request_for(lease, hold))
        return response.body
