"""Blocklists of a worker: what it refuses, what Postgres keeps for whom, and what a change leads to."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool
from scrapy import Request
from scrapy.utils.test import get_crawler

from alonchat_crawl import settings
from alonchat_crawl.errors import GiveUp, Outage, Refused, StartupError
from alonchat_crawl.fetch import resolver as resolving
from alonchat_crawl.fetch.address_rules import AddressRules
from alonchat_crawl.fetch.request_context import RequestContext
from alonchat_crawl.fetch.resolver import Resolver
from alonchat_crawl.policies.blocklists.live import Blocklists
from alonchat_crawl.policies.blocklists.policy import BlocklistPolicy
from alonchat_crawl.servers.connections import Connections
from alonchat_crawl.sources import Kind, Lease, Source
from alonchat_crawl.spiders.website import WebsiteSpider
from alonchat_crawl.storage import blocklist
from alonchat_crawl.storage.blocklist import add_rules, read_revision, read_rules, remove_rules
from alonchat_crawl.storage.sources import begin_crawl
from tests.integration.conftest import Desk
from tests.integration.test_row_security import acting, member
from tests.support.knowledge import make_source, open_pool, rows

ALICE = uuid4()  # a member of alpha
ALPHA, BRAVO = make_source(project="alpha"), make_source(project="bravo")


class Worker:
    """The middleware of one worker, with lists from a file and from Postgres."""

    def __init__(self, database_url: str, path: Path, **values: Any) -> None:
        ours = {name: value for name, value in vars(settings).items() if name.isupper()}
        # Without what logs and listens.
        ours |= {
            "DATABASE_URL": database_url,
            "BLOCKLIST_FILES": (str(path),),
            "ADDONS": {},
            "EXTENSIONS": {},
        }
        self.crawler = get_crawler(WebsiteSpider, ours | values)
        self.middleware = BlocklistPolicy.from_crawler(self.crawler)
        self.lists = Blocklists.of(self.crawler)

    async def refusal(self, url: str, source: Source | None = ALPHA, **context: Any) -> str:
        """Why a request for a URL is refused; empty where it is not."""
        if source is not None:
            origins = ("https://shop.example",)
            context["lease"] = Lease("1", source, origins, "shop.example", url, Kind.PAGE, 0, 1)
        try:
            await self.middleware.process_request(Request(url, meta=RequestContext(**context).as_meta()))
        except Refused as refused:
            return f"{refused.reason}: {refused.detail}"
        return ""

    async def close(self) -> None:
        """End as an engine does."""
        self.lists.stop()
        Resolver.of(self.crawler).close()
        await Connections.of(self.crawler).close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with a list."""
    path = tmp_path / "everyone.txt"
    path.write_text("filed.example\n||paths.example/bad*\nhttp://urls.example/one?b=1&a=2\n198.51.100.0/24\n")
    return path


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[AsyncConnectionPool]:
    """Two projects in a database."""
    async with open_pool(database_url) as pool:
        for source in (ALPHA, BRAVO):
            await begin_crawl(pool, source)
        yield pool


@pytest.fixture(autouse=True)
def name_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    """All names are at one public address, but for this machine's."""
    monkeypatch.setattr(
        resolving, "_getaddrinfo", lambda host: ("127.0.0.1",) if host == "localhost" else ("9.9.9.9",)
    )


@pytest.fixture
async def worker(database_url: str, pool: AsyncConnectionPool, path: Path) -> AsyncIterator[Worker]:
    """A worker of the two projects, of which alpha has rules of its own; some hold for all."""
    await add_rules(
        pool, ALPHA.project_id, ["||own.example^", "203.0.113.0/24", "127.0.0.0/8", "what is this"]
    )
    await add_rules(pool, None, ["||all.example^", "@@||ok.filed.example^", "@@198.51.100.7/32"])
    worker = Worker(database_url, path, BLOCKLIST_RELOAD_SECONDS=0.05)
    yield worker
    await worker.close()


IN_FILE = "blocklist: {} falls under a {} rule of the list everyone.txt"
OWN = "blocklist: {} falls under a {} rule of the project's own list"


REFUSALS = (
    ("https://www.filed.example/x", IN_FILE.format("www.filed.example", "domain")),
    ("https://ok.filed.example/x", ""),
    ("https://notfiled.example/", ""),
    ("https://paths.example/badly", IN_FILE.format("paths.example", "URL pattern")),
    ("https://paths.example/good", ""),
    ("https://urls.example/one?a=2&b=1", IN_FILE.format("urls.example", "URL")),
    ("https://urls.example/one", ""),
    ("http://198.51.100.8:8080/", IN_FILE.format("198.51.100.8", "network")),
    ("http://198.51.100.7/", ""),
    ("https://all.example/", "blocklist: all.example falls under a domain rule of the list for all projects"),
    ("https://own.example/", OWN.format("own.example", "domain")),
    ("http://203.0.113.5/", OWN.format("203.0.113.5", "network")),
    ("http://localhost/", OWN.format("localhost", "network")),
    ("ftp://filed.example/", ""),  # another policy's to refuse
)
SPELLINGS = (
    "http://www.FILED.example./",
    "http://user:pw@filed.example/",
    "http://ｆｉｌｅｄ.example/",
    "http://0xC6.51.25608/",
    "http://[::ffff:198.51.100.8]/",
    "http://urls.example:80/x/../one?b=1&a=2#f",
    "http://paths.example/bad" + "x" * 4000,
)


async def test_what_is_refused(worker: Worker) -> None:
    """A leased URL is refused by whatever list has it, which is named, and by no other."""
    assert [(url, await worker.refusal(url)) for url, _ in REFUSALS] == list(REFUSALS)


async def test_what_no_lease_names(worker: Worker) -> None:
    """Where a site's robots.txt redirects to is compared in its canonical form, however it is spelt."""
    said = [await worker.refusal(url, None, is_site_file=True) for url in SPELLINGS]
    assert [url for url, refusal in zip(SPELLINGS, said, strict=True) if "blocklist: " not in refusal] == []


async def test_whom_a_rule_concerns(worker: Worker) -> None:
    """A project's rules refuse nothing to others; networks for all hold wherever a connection is made."""
    for url in ("https://own.example/", "http://203.0.113.5/"):
        assert await worker.refusal(url)
        assert await worker.refusal(url, BRAVO) == await worker.refusal(url, None) == ""
        assert await worker.refusal(url, is_site_file=True) == ""  # what it says is kept for all
    asked = (
        "198.51.100.8",
        "::ffff:198.51.100.8",
        "198.51.100.8%eth0",
        "no address",
        "198.51.100.7",
        "9.9.9.9",
    )
    assert [worker.lists.blocks_address(address) for address in asked] == [
        True,
        True,
        True,
        True,
        False,
        False,
    ]
    rules = AddressRules.of(worker.crawler)
    refused = rules.refusal("198.51.100.8", 443)
    assert refused is not None
    assert refused.reason == "blocklist"
    assert rules.refusal("9.9.9.9", 443) is None


async def test_a_fault_inside_refuses(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes wrong while a request is compared refuses it; the cause is kept."""
    await worker.lists.ready()
    monkeypatch.setattr(worker.lists, "match", lambda *_: 1 / 0)
    with pytest.raises(Refused) as caught:
        await worker.middleware.process_request(Request("https://good.example/"))
    assert (caught.value.reason, caught.value.detail) == (
        "blocklist error", "it could not be compared: ZeroDivisionError",
    )  # fmt: skip
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


async def test_the_operators_own_storage(database_url: str, path: Path, pool: AsyncConnectionPool) -> None:
    """What we signed ourselves for our own storage is fetched from it, whatever network it is in."""
    assert not pool.closed
    worker = Worker(database_url, path, S3_ENDPOINT_URL="http://198.51.100.9:9000")
    url = "http://198.51.100.9:9000/bucket/file"
    assert await worker.refusal(url, signed_url=url) == ""
    assert await worker.refusal(url) != ""
    await worker.close()


async def test_changes_while_crawling(worker: Worker, pool: AsyncConnectionPool, path: Path) -> None:
    """Files and rules that have changed hold soon, without a restart."""
    worker.lists.start()
    assert (
        await worker.refusal("https://new.example/") == await worker.refusal("https://newer.example/") == ""
    )
    await asyncio.to_thread(path.write_text, "new.example\n")
    await add_rules(pool, BRAVO.project_id, ["||newer.example^"])
    await remove_rules(pool, ALPHA.project_id, ["||own.example^"])
    async with asyncio.timeout(20):
        while not await worker.refusal("https://new.example/"):  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.02)
        while not await worker.refusal("https://newer.example/", BRAVO):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert (
        await worker.refusal("https://own.example/") == await worker.refusal("https://filed.example/") == ""
    )


async def test_what_fails_to_reload_stands(
    worker: Worker, database_url: str, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A missing file and a missing table are logged; what was known before goes on to hold."""
    await worker.lists.ready()
    await asyncio.to_thread(path.unlink)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("update blocklist_revision set revision = revision + 1")
        connection.execute("alter table blocklist_rules rename to elsewhere")
    await worker.lists.reload()
    warned = [record.getMessage() for record in caplog.records if record.exc_info]
    assert len(warned) == 2
    assert str(path) in warned[0]
    for host in ("filed", "all", "own"):
        assert await worker.refusal(f"https://{host}.example/")


async def test_until_postgres_answers(
    worker: Worker, database_url: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the first answer of Postgres all requests wait, and none passes."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("alter table blocklist_revision rename to elsewhere")
        other = Worker(database_url, path)
        with pytest.raises(Outage):
            await other.refusal("https://good.example/")
        connection.execute("alter table elsewhere rename to blocklist_revision")
    assert await other.refusal("https://good.example/") == ""
    await other.close()

    async def away(_: Connections) -> AsyncConnectionPool:
        raise StartupError("DATABASE_URL cannot be used.")

    monkeypatch.setattr(Connections, "postgres", away)
    with pytest.raises(Outage):
        await worker.refusal("https://good.example/")


def test_a_missing_file_stops_the_start(tmp_path: Path) -> None:
    """A crawler whose list is not there does not come into being."""
    with pytest.raises(StartupError, match=r"BLOCKLIST_FILES cannot be used: .*none\.txt cannot be read"):
        Worker("postgresql://127.0.0.1:1/none", tmp_path / "none.txt")


# --- Postgres ---


async def test_rules_are_kept_once(pool: AsyncConnectionPool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule is kept once a project, read in batches, and removed from that list alone."""
    monkeypatch.setattr(blocklist, "BATCH_RULES", 2)
    assert await add_rules(pool, ALPHA.project_id, ["a.example", "b.example", "c.example"]) == 3
    assert await add_rules(pool, ALPHA.project_id, ["a.example", "d.example"]) == 1
    assert await add_rules(pool, None, ["a.example"]) == 1
    assert await add_rules(pool, None, ["a.example"]) == 0
    found = [record async for batch in read_rules(pool) for record in batch]
    assert sorted((record.project_name or "", record.rule) for record in found) == [
        ("", "a.example"), *(("alpha", f"{name}.example") for name in "abcd"),
    ]  # fmt: skip
    assert await remove_rules(pool, None, ["a.example", "b.example"]) == 1
    assert [len(batch) async for batch in read_rules(pool, ALPHA.project_id)] == [2, 2]
    assert [batch async for batch in read_rules(pool, BRAVO.project_id)] == []
    with pytest.raises(GiveUp):
        await add_rules(pool, uuid4(), ["a.example"])


async def test_every_change_raises_the_revision(pool: AsyncConnectionPool, database_url: str) -> None:
    """Adding, changing, removing, erasing the project and truncating are all noticed by one number."""
    revision = await read_revision(pool)
    for statement in (
        "insert into blocklist_rules (project_id, rule) select id, 'a.example' from projects",
        "update blocklist_rules set rule = 'b.example' where rule = 'a.example'",
        "delete from projects where name = 'bravo'",
        "delete from blocklist_rules",
        "truncate blocklist_rules",
        "delete from blocklist_revision; insert into blocklist_rules (rule) values ('x'), ('y'), ('z')",
    ):
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(statement.encode())
        before, revision = revision, await read_revision(pool)
        assert revision != before, statement


async def test_who_sees_and_changes_rules(pool: AsyncConnectionPool, database_url: str) -> None:
    """Members read their project's rules and no others; only the service role writes, and is noticed."""
    for project_id in (ALPHA.project_id, BRAVO.project_id, None):
        await add_rules(pool, project_id, ["a.example"])
    rows(database_url, "insert into project_members (project_id, user_id) values (%s, %s) returning 1",
         ALPHA.project_id, ALICE)  # fmt: skip
    before = await read_revision(pool)
    query = b"select project_id from blocklist_rules"
    with acting(database_url, "authenticated", member(ALICE)) as connection:
        assert connection.execute(query).fetchall() == [(ALPHA.project_id,)]
        for denied in (
            "insert into blocklist_rules (rule) values ('b.example')",
            "update blocklist_rules set rule = 'x'",
            "delete from blocklist_rules",
            "select from blocklist_revision",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(denied.encode())
    with (
        acting(database_url, "anon", member(ALICE)) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(query)
    assert await read_revision(pool) == before
    with acting(database_url, "service_role", None) as connection:
        assert len(connection.execute(query).fetchall()) == 3
        connection.execute("delete from blocklist_rules where project_id is null")
    assert await read_revision(pool) == before + 1


# --- The command ---


async def test_the_command(desk: Desk, path: Path) -> None:
    """Rules are added in their one spelling, listed beside the files, asked, and removed again."""
    await begin_crawl(desk.pool, ALPHA)

    async def said(*arguments: str) -> str:
        done = await desk.scrapy("blocklist", *arguments, BLOCKLIST_FILES=(str(path),))
        assert (done.code, done.err) == (0, "")
        return done.out

    added = await said("add", "-a", "project=alpha", "BAD.example.", "*.bad.example", "192.0.2.1")
    assert added == "2 of 2 rules added to the list of project alpha: ||bad.example^, 192.0.2.1/32\n"
    assert await said("add", "@@filed.example") == (
        "1 of 1 rules added to the list for all projects: @@||filed.example^\n"
    )
    listed = await said()
    assert "everyone.txt" in listed
    assert "4 entries" in listed
    assert "||bad.example^" in listed
    assert "everyone.txt" not in await said("-a", "project=alpha")
    urls = ("http://www.bad.example/", "filed.example", "https://paths.example/bad", "http://192.0.2.1/")
    assert await said("check", *urls) == (
        "http://www.bad.example/: not blocked\nfiled.example: not blocked\n"
        "https://paths.example/bad: blocked: it falls under a URL pattern rule of the list everyone.txt\n"
        "http://192.0.2.1/: not blocked\n"
    )
    assert "blocked: it falls under a domain rule of the project's own list" in await said(
        "check", "-a", "project=alpha", "bad.example"
    )
    assert (await said("remove", "bad.example")).startswith("0 of 1")
    assert (await said("remove", "-a", "project=alpha", "||bad.example^")).startswith("1 of 1")


WRONG = (
    (("add",), 2, "the following arguments are required: RULE"),
    (("drop", "bad.example"), 2, "there is no verb drop: add, remove, check"),
    (("add", "com"), 2, "com would block far too much"),
    (("add", "0.0.0.0/0"), 2, "0.0.0.0/0 would block far too much"),
    (("add", "two words"), 2, "two words cannot be read as a rule"),
    (("add", "# comment"), 2, "cannot be read as a rule"),
    (("add", "||bad.example^$script"), 2, "is a rule for ad blockers only: block a host"),
    (("add", "-a", "project=nobody", "bad.example"), 1, "There is no project nobody."),
    (("check", "http://[/"), 1, "is no URL that can be compared"),
)


async def test_the_command_says_what_is_wrong(desk: Desk) -> None:
    """What cannot be done ends with its exit code and one sentence, and changes nothing."""
    for arguments, code, sentence in WRONG:
        done = await desk.scrapy("blocklist", *arguments)
        assert done.code == code, arguments
        assert sentence in done.err, arguments
    assert (await desk.scrapy("blocklist")).out == "There is no rule yet.\n"
