"""Decides by a response's status: read the page, retry, or give up."""

from scrapy import Request
from scrapy.http import Response

from alonchat_crawl.errors import GiveUp, Retry
from alonchat_crawl.fetch.request_context import context_of
from alonchat_crawl.policies.conditional import NOT_MODIFIED
from alonchat_crawl.policies.retry_after import response_wait_seconds
from alonchat_crawl.reasons import RETRY_STATUSES, Reason
from alonchat_crawl.sources import Kind

OF_FILES = {
    400: "its signed URL was altered or has expired",
    401: "its key does not allow reading it",
    403: "its signed URL has expired, or its key does not allow reading it",
    404: "there is no such file",
}
"""What a status means for a file that a seed names."""


class StatusPolicy:
    """Downloader middleware: passes 2xx, and 304 if it was asked for; any other status ends the attempt."""

    def process_response(self, request: Request, response: Response) -> Response:
        """Raise Retry or GiveUp for a status that is no page. robots.txt has its own rules."""
        context = context_of(request)
        if context.is_site_file or 200 <= response.status < 300:  # noqa: PLR2004
            return response
        if response.status == NOT_MODIFIED and context.validators is not None:  # ConditionalRequests asked
            return response
        reason, detail = Reason.http(response.status), f"it answered with HTTP status {response.status}"
        if context.lease is not None and context.lease.kind is Kind.FILE:
            detail = f"{detail}: {OF_FILES.get(response.status, 'the file cannot be fetched')}"
        if response.status in RETRY_STATUSES:
            raise Retry(reason, detail, response_wait_seconds(response) or 0.0)
        raise GiveUp(reason, detail)
