"""scrapy-redis' own queue and dupefilter, filled and popped without workers."""

from typing import Any

from scrapy import Request
from scrapy_redis.dupefilter import RFPDupeFilter
from scrapy_redis.queue import PriorityQueue

from tests.benchmarks.frontier.fill import front_page, urls
from tests.benchmarks.stock_spider import StockSpider

SEEN_KEYS = "stock:dupefilter"
AT_ONCE = 1000


class StockFrontier:
    """What its scheduler writes for a request; written in batches, unlike there, to save time."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._queue: Any = PriorityQueue(  # type: ignore[no-untyped-call] # it has no types
            client, StockSpider(), "%(spider)s:requests"
        )
        self._seen: Any = RFPDupeFilter(client, SEEN_KEYS)  # type: ignore[no-untyped-call]

    def fill(self, sources: int, urls_each: int) -> None:
        """Queue the URLs that ours is filled with, as a page's links would be."""
        pipeline = self._client.pipeline(transaction=False)
        for number in range(sources):
            for url in (front_page(number), *urls(number, urls_each - 1)):
                request = Request(url, callback=self._queue.spider.parse, meta={"depth": 1})
                pipeline.sadd(self._seen.key, self._seen.request_fingerprint(request))
                pipeline.zadd(self._queue.key, {self._queue._encode_request(request): -request.priority})
                if len(pipeline) >= AT_ONCE:
                    pipeline.execute()
        pipeline.execute()

    def pop(self, count: int) -> int:
        """Pop so many requests as its scheduler does."""
        for _ in range(count):
            if self._queue.pop() is None:
                raise RuntimeError("the queue is empty")
        return count
