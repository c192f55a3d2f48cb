"""Asks for URLs through the policies and the handler of a real crawler, with name servers of our own."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from resource import RUSAGE_SELF, getrusage
from typing import Any

from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerProcess

from alonchat_crawl import settings
from alonchat_crawl.fetch.request_context import NO_CONTEXT, RequestContext, set_context
from alonchat_crawl.worker.endings import ending_of
from tests.support.network import network_settings

WITHOUT_SERVERS = ("AddressPolicy", "ContentCoding", "StatusPolicy", "Redirects", "MetaRefreshes")
Answers = Mapping[str, Sequence[Sequence[str]]]
"""By host name: the addresses of each answer in turn; the last one stays."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request."""

    url: str
    meta: Mapping[str, Any] = field(default_factory=dict)
    """With Scrapy's keys, or with what somebody else may try to smuggle in."""
    context: RequestContext | None = None
    signed: bool = False
    """Whether we signed the URL, as one of the operator's own storage."""
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "GET"
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Told:
    """How it ended."""

    ending: str
    """The outcome and its reason; `ok` with the status where there is an answer."""
    detail: str = ""
    body: bytes = b""


def fake_name_servers(answers: Answers) -> None:
    """Let this process resolve these names alone; literals as ever."""
    asked: dict[str, int] = {}
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name not in answers:
            return real(host, port, *args, **(kwargs | {"flags": socket.AI_NUMERICHOST}))
        turn = asked[name] = asked.get(name, -1) + 1
        given = answers[name][min(turn, len(answers[name]) - 1)]
        return [found for address in given for found in real(address, port, *args, **kwargs)]

    socket.getaddrinfo = getaddrinfo


class Asking(Spider):
    """Asks for all of a group at once, for one group after the other."""

    name = "asking"
    groups: Sequence[Mapping[str, Ask]] = ()

    async def start(self) -> AsyncIterator[Any]:
        """Ask, and keep what was told."""
        self.told: dict[str, Told] = {}
        for group in self.groups:
            told = await asyncio.gather(*(self.ask(ask) for ask in group.values()))
            self.told.update(zip(group, told, strict=True))
        return
        yield

    async def ask(self, ask: Ask) -> Told:
        """Ask once."""
        engine = self.crawler.engine
        assert engine is not None
        request = Request(
            ask.url, method=ask.method, headers=dict(ask.headers), body=ask.body, meta=dict(ask.meta)
        )
        if ask.context is not None or ask.signed:
            context = ask.context or NO_CONTEXT
            set_context(request, replace(context, signed_url=request.url if ask.signed else ""))
        try:
            response = await engine.download_async(request)
        except Exception as error:  # noqa: BLE001 - what it means is what is told
            ending = ending_of(error)
            return Told(f"{ending.outcome} {ending.reason}", ending.detail)
        return Told(f"ok {response.status}", response.url, response.body)


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of a crawl."""

    told: dict[str, Told]
    grown_bytes: int
    """By how much the process's memory had to grow at its highest."""


def crawl(groups: Sequence[Mapping[str, Ask]], answers: Answers, changes: Mapping[str, Any]) -> Heard:
    """Ask in this process, which has no reactor yet."""
    fake_name_servers(answers)
    table = {
        name: number
        for name, number in settings.DOWNLOADER_MIDDLEWARES.items()
        if number is None or name.endswith(WITHOUT_SERVERS)
    }
    process = AsyncCrawlerProcess(network_settings(DOWNLOADER_MIDDLEWARES=table, **changes))
    crawler = process.create_crawler(Asking)
    process.crawl(crawler, groups=groups)
    before = getrusage(RUSAGE_SELF).ru_maxrss
    process.start()
    assert isinstance(crawler.spider, Asking)
    return Heard(crawler.spider.told, (getrusage(RUSAGE_SELF).ru_maxrss - before) * 1024)


def asked(groups: Sequence[Mapping[str, Ask]], answers: Answers | None = None, **changes: Any) -> Heard:
    """`crawl` in a process of its own."""
    answers = answers or {}
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        return executor.submit(crawl, groups, answers, changes).result(60)
