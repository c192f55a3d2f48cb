"""The settler alone: what it makes of a page's outputs."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from scrapy import Request
from scrapy.http import Response

from alonchat_crawl.fetch.request_context import RequestContext
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.reasons import Reason
from alonchat_crawl.sources import Ending, Kind, Lease, Link, Source
from alonchat_crawl.worker.acknowledge import Acknowledge
from tests.support.no_pacer import NoPacer

SOURCE = Source(UUID(int=1), UUID(int=2), UUID(int=3), "http://e.org/", "p", 10, 3)
LEASE = Lease("1", SOURCE, ("http://e.org",), "e.org", "http://e.org/", Kind.START, 0, 1)
LINKS = [Link(f"http://e.org/{n}", Kind.PAGE, 1) for n in range(300)]
NOINDEX = Ending(Outcome.REFUSED, Reason.NOINDEX)


class Told:
    """A frontier that remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[Link | Ending] = []

    def found(self, lease: Lease, link: Link) -> None:
        """A link of the page."""
        assert lease is LEASE
        self.told.append(link)

    def ended(self, lease: Lease, ending: Ending) -> None:
        """The page's end."""
        assert lease is LEASE
        self.told.append(ending)


@pytest.fixture
def frontier() -> Told:
    """A frontier."""
    return Told()


async def outputs(frontier: Told, *given: Any) -> tuple[Acknowledge, Response, list[Any]]:
    """What passes on of a page's outputs."""

    async def spider() -> AsyncIterator[Any]:
        for output in given:
            yield output

    settler = Acknowledge(frontier, NoPacer())
    response = Response(
        "http://e.org/", request=Request("http://e.org/", meta=RequestContext(LEASE).as_meta())
    )
    return settler, response, [out async for out in settler.process_spider_output(response, spider())]


async def test_links_come_before_the_end(frontier: Told) -> None:
    """However many: none is on its way through Scrapy's buffers when the page is settled."""
    _, _, passed = await outputs(frontier, *LINKS, NOINDEX)
    assert passed == []
    assert frontier.told == [*LINKS, NOINDEX]


async def test_a_page_ends_with_its_last_item(frontier: Told) -> None:
    """It is settled when the pipelines are through, as the worst of its items ended."""
    settler, response, passed = await outputs(frontier, LINKS[0], "one", "two")
    assert passed == ["one", "two"]
    assert frontier.told == [LINKS[0]]
    settler.item_scraped(response)
    assert frontier.told == [LINKS[0]]
    settler.item_dropped(response, ValueError("a bug"))
    assert [end.outcome for end in frontier.told[1:] if isinstance(end, Ending)] == [Outcome.DEAD]


async def test_a_page_with_nothing_to_store(frontier: Told) -> None:
    """It led elsewhere."""
    await outputs(frontier, LINKS[0])
    assert frontier.told == [LINKS[0], Ending(Outcome.FOLLOWED)]
