"""Hybrid search: what comes first, what never comes, and questions that would break a lesser one."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest
from psycopg import Connection

from alonchat_crawl.errors import GiveUp, Outage
from alonchat_crawl.extract.chunks.near_duplicates import sketch
from alonchat_crawl.items import ContentType
from alonchat_crawl.storage.pages import store
from alonchat_crawl.storage.search import Hit, ProjectState, SearchFilter, project_state, search
from alonchat_crawl.storage.sources import begin_crawl, mark_gone
from tests.support.knowledge import SCHEME, URL, Piece, make_page, make_source, open_pool, unit

SOURCE, OTHER = make_source(), make_source(project="bravo")
PIECES = (
    Piece("Passwords are reset on the sign-in page", ((0,),), ("Account",)),
    Piece("Invoices are sent every month", ((1,), (0, 1))),
    Piece("The quick brown fox", ((2,),)),
    Piece("The zebra's invoice", ((3,),), ("Refunds and returns",)),
)


@pytest.fixture
async def stored(database_url: str) -> str:
    """A database with a page of four chunks, and another project's page with the same text."""
    async with open_pool(database_url) as pool:
        for source in (SOURCE, OTHER):
            await begin_crawl(pool, source)
            await store(pool, [make_page(source, *PIECES)], SCHEME)
    return database_url


@pytest.fixture
def connection(stored: str) -> Iterator[Connection]:
    """An owner's connection to it."""
    with psycopg.connect(stored, autocommit=True) as opened:
        yield opened


def positions(hits: list[Hit]) -> list[int]:
    """Return which of PIECES the hits are."""
    return [[piece.content for piece in PIECES].index(hit.content) for hit in hits]


def test_a_hit_tells_where_it_stands(connection: Connection) -> None:
    """A hit carries its chunk, its page and its source, and its two figures."""
    hit = search(connection, SOURCE.project_id, unit(0), "reset passwords", 1)[0]
    assert (hit.url, hit.title, hit.heading_path, hit.content, hit.content_type, hit.source_id) == (
        URL, f"Title of {URL}", ("Account",), PIECES[0].content, "documentation", SOURCE.source_id,
    )  # fmt: skip
    assert 1 < hit.score <= 1.8
    assert hit.similarity == pytest.approx(1, abs=0.001)


def test_nearest_first_by_the_best_window(connection: Connection) -> None:
    """Without words in common chunks come by their best window's cosine, each once."""
    hits = search(connection, SOURCE.project_id, unit(0), "", 10)
    assert positions(hits)[:2] == [0, 1]
    assert len(hits) == 4
    similarities = [hit.similarity for hit in hits]
    assert similarities == pytest.approx([1, 0.7071, 0, 0], abs=0.001)


def test_words_lift_a_distant_chunk(connection: Connection) -> None:
    """A chunk that holds the words overtakes one that is nearer; one that has both comes first."""
    between = 0.8 * unit(0) + 0.6 * unit(2)
    assert positions(search(connection, SOURCE.project_id, between, "", 10))[0] == 0
    assert positions(search(connection, SOURCE.project_id, between, "fox", 10))[0] == 2
    assert positions(search(connection, SOURCE.project_id, unit(3), "invoice", 10))[0] == 3


def test_headings_and_inflections_are_found(connection: Connection) -> None:
    """The words of a heading count, and so do other forms of a word."""
    assert positions(search(connection, SOURCE.project_id, unit(200), "return refunded", 1)) == [3]


def test_words_only_or_vectors_only(database_url: str, connection: Connection) -> None:
    """What only one of the two rankings knows is still found; without a vector no similarity is told."""
    with psycopg.connect(database_url) as owner:
        owner.execute("delete from chunk_embeddings")
    [hit] = search(connection, SOURCE.project_id, unit(0), "fox", 10)
    assert (hit.content, hit.similarity) == (PIECES[2].content, None)
    assert 0 < hit.score <= 0.8


def test_only_its_own_project(connection: Connection) -> None:
    """Another project's chunks never come, even where they are the same; an unknown project has none."""
    hits = search(connection, SOURCE.project_id, unit(0), "fox", 100)
    assert {hit.source_id for hit in hits} == {SOURCE.source_id}
    assert search(connection, uuid4(), unit(0), "fox", 10) == []


async def test_gone_pages_are_not_found(stored: str, connection: Connection) -> None:
    """A page that is gone is found neither by its vectors nor by its words; its project remains."""
    async with open_pool(stored) as pool:
        await mark_gone(pool, SOURCE, URL)
    assert search(connection, SOURCE.project_id, unit(0), "fox", 10) == []
    assert project_state(connection, SOURCE.project_id) == ProjectState(SCHEME, searchable=False)
    assert project_state(connection, OTHER.project_id) == ProjectState(SCHEME, searchable=True)
    assert project_state(connection, uuid4()) is None


async def test_gone_pages_take_no_places(stored: str, connection: Connection) -> None:
    """Hundreds of nearer chunks of a gone page do not push out the ones that remain."""
    async with open_pool(stored) as pool:
        crowd = make_page(SOURCE, *[Piece("fox " * 9, ((2,),) * 3)] * 400, url=f"{URL}/old")
        await store(pool, [crowd], SCHEME)
        await mark_gone(pool, SOURCE, f"{URL}/old")
    assert positions(search(connection, SOURCE.project_id, unit(2), "fox", 3))[0] == 2


@pytest.mark.parametrize(("count", "found"), [(-1, 0), (0, 0), (1, 1), (3, 3), (4, 4), (2_000_000_000, 4)])
def test_count(connection: Connection, count: int, found: int) -> None:
    """At most as many hits as asked for come, whatever is asked for."""
    assert len(search(connection, SOURCE.project_id, unit(0), "", count)) == found


async def test_many_hits(database_url: str) -> None:
    """More hits than either ranking's usual depth may be asked for."""
    async with open_pool(database_url) as pool:
        await begin_crawl(pool, SOURCE)
        numbers = [Piece(f"same but for the number {number * 7919}") for number in range(120)]
        await store(pool, [make_page(SOURCE, *numbers)], SCHEME)
    with psycopg.connect(database_url) as connection:
        assert len(search(connection, SOURCE.project_id, unit(0), "same", 110)) == 110


async def test_every_argument_is_bounded(database_url: str) -> None:
    """However much is asked for, at most 200 chunks come, with 5 before and after each."""
    async with open_pool(database_url) as pool:
        await begin_crawl(pool, SOURCE)
        pieces = [Piece(f"same but for the number {number * 7919}") for number in range(250)]
        await store(pool, [make_page(SOURCE, *pieces)], SCHEME)
    with psycopg.connect(database_url) as connection:
        hits = search(connection, SOURCE.project_id, unit(0), "same", 100_000, neighbours=100_000)
        assert len(hits) == 200
        assert max(len(hit.before) for hit in hits) == max(len(hit.after) for hit in hits) == 5
        assert search(connection, SOURCE.project_id, unit(0), "same", 1, neighbours=-1)[0].before == ()


@pytest.mark.parametrize(
    "only",
    [
        lambda length: SearchFilter(source_ids=[uuid4() for _ in range(length)]),
        lambda length: SearchFilter(content_types=["news"] * length),
        lambda length: SearchFilter(languages=["xx"] * length),
    ],
)
def test_lists_that_are_too_long_are_refused(
    connection: Connection, only: Callable[[int], SearchFilter]
) -> None:
    """A filter of more than 1,000 entries is refused with a sentence; one of as many is not."""
    with pytest.raises(GiveUp, match="at most 1000"):
        search(connection, SOURCE.project_id, unit(0), "fox", 1, only=only(1001))
    assert search(connection, SOURCE.project_id, unit(0), "fox", 1, only=only(1000)) == []
    with pytest.raises(GiveUp, match="of 100 kB"):
        search(
            connection, SOURCE.project_id, unit(0), "fox", 1, only=SearchFilter(languages=["x" * 1_000_000])
        )


HOSTILE = [
    "", " ", "\n\t", "'", "''", '"', '"""', "\\", "%", "%s %(x)s", ":*", "& | ! <->", "fox & ! | zebra", "((",
    ")", "!!!!", "fox:*A", "<-> <5>", "-", "- -", "-fox", "-fox -zebra", "the of and", "or", "or or or",
    "NUL \0 inside", "lone \ud800 surrogate", "'; drop table pages; --", "fox\\' or 1=1", "$1", "\ufdfa",
    "日本語の質問", "🦊", "e\u0301" * 500, "x" * 10_000, "fox " * 2_500, "a b " * 5_000, '"' * 10_000,
    "(" * 10_000, "fox " * 300_000, " ".join(map(str, range(3_000))),
]  # fmt: skip


def test_hostile_questions(connection: Connection) -> None:
    """Whatever is asked, the vectors answer, and nothing is broken or changed."""
    for text in HOSTILE:
        hits = search(connection, SOURCE.project_id, unit(0), text, 10)
        assert sorted(positions(hits)) == [0, 1, 2, 3], text[:40]


@pytest.mark.parametrize("text", ["the of and", "unheard-of", "-- !!"])
def test_words_that_say_nothing_lift_nothing(connection: Connection, text: str) -> None:
    """Stop-words, signs, and words that nothing holds leave the order to the vectors."""
    hits = search(connection, SOURCE.project_id, unit(0), text, 10)
    assert hits == search(connection, SOURCE.project_id, unit(0), "", 10)


def test_a_missing_schema_is_said(connection: Connection) -> None:
    """Where the function is missing, the sentence says what to run."""
    connection.execute("drop function match_chunks")
    with pytest.raises(Outage, match="scrapy migrate"):
        search(connection, SOURCE.project_id, unit(0), "fox", 1)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("os.path.join", 0),
        ("os path", 0),
        ("the path.join() of os", 0),
        ("well-known ports", 1),
        ("RFC2119", 2),
        ("read_text", 3),
        ("secret", None),
    ],
)
async def test_names_are_found_by_their_parts(database_url: str, question: str, expected: int | None) -> None:
    """Dotted, hyphenated and code names are found whole and in part; a link's target is no text."""
    texts = ["Use `os.path.join(a, b)` here", "Some well known port", "As RFC2119 says", "Path.read_text()",
             "A [link](https://hidden.example/secret) of no interest"]  # fmt: skip
    async with open_pool(database_url) as pool:
        await begin_crawl(pool, SOURCE)
        await store(pool, [make_page(SOURCE, *(Piece(text, ((9,),)) for text in texts))], SCHEME)
    with psycopg.connect(database_url, autocommit=True) as connection:
        found = [hit.content for hit in search(connection, SOURCE.project_id, None, question, 1)]
    assert found == ([] if expected is None else [texts[expected]])


async def test_rare_words_decide(database_url: str) -> None:
    """Of two words of a question, the one that few chunks hold brings its chunk to the top."""
    async with open_pool(database_url) as pool:
        await begin_crawl(pool, SOURCE)
        common = [Piece(f"install the package number {number * 7919}") for number in range(60)]
        await store(pool, [make_page(SOURCE, *common, Piece("the tarpaulin guide"))], SCHEME)
    with psycopg.connect(database_url, autocommit=True) as connection:
        [hit] = search(connection, SOURCE.project_id, None, "how to install a tarpaulin", 1)
    assert hit.content == "the tarpaulin guide"


async def test_words_that_all_chunks_hold_still_find(database_url: str) -> None:
    """Where every word of a question is common, the chunks that hold all of them are found."""
    async with open_pool(database_url) as pool:
        await begin_crawl(pool, SOURCE)
        texts = [f"alpha {'beta ' if number < 450 else ''}{number * 7919}" for number in range(900)]
        await store(pool, [make_page(SOURCE, *map(Piece, texts))], SCHEME)
    with psycopg.connect(database_url, autocommit=True) as connection:
        hits = search(connection, SOURCE.project_id, None, "alpha beta", 20)
    assert len(hits) == 20
    assert all("beta" in hit.content for hit in hits)


async def test_filters(stored: str, connection: Connection) -> None:
    """Only chunks of the sources, types and languages asked for come, and of pages since a day."""
    blog = make_source("blog")
    old, german = datetime(2020, 1, 1, tzinfo=UTC), f"{URL}/de"
    async with open_pool(stored) as pool:
        await begin_crawl(pool, blog)
        page = make_page(blog, Piece("Der Fuchs fox", ((2,),)), url=german)
        clean = replace(page.page, language="de", content_type=ContentType.LEGAL, published_at=old)
        await store(pool, [replace(page, page=clean)], SCHEME)

    def urls(only: SearchFilter) -> set[str]:
        return {hit.url for hit in search(connection, SOURCE.project_id, unit(2), "fox", 10, only=only)}

    assert urls(SearchFilter()) == {URL, german}
    assert urls(SearchFilter(source_ids=[blog.source_id])) == {german}
    assert urls(SearchFilter(content_types=["legal"])) == {german}
    assert urls(SearchFilter(languages=["en"])) == {URL}
    assert urls(SearchFilter(languages=["en", "de"])) == {URL, german}
    assert urls(SearchFilter(since=datetime(2021, 1, 1, tzinfo=UTC))) == {URL}
    assert urls(SearchFilter(languages=["fr"])) == urls(SearchFilter(source_ids=[])) == set()
    assert urls(SearchFilter(source_ids=[OTHER.source_id])) == set()


async def test_near_duplicates_are_folded(database_url: str) -> None:
    """Of chunks that are nearly the same only the best comes, and what is different keeps its place."""
    words = " ".join(str(number * 7919) for number in range(300))
    texts = [f"fox {words}", f"fox {words} again", f"the fox {words}", "fox of another kind"]
    async with open_pool(database_url) as pool:
        await begin_crawl(pool, SOURCE)
        page = make_page(SOURCE, *(Piece(text, ((n,),)) for n, text in enumerate(texts)))
        chunks = [
            replace(each, chunk=replace(each.chunk, sketch=sketch(each.chunk.content)))
            for each in page.chunks
        ]
        await store(pool, [replace(page, chunks=tuple(chunks))], SCHEME)
    with psycopg.connect(database_url, autocommit=True) as connection:
        hits = [hit.content for hit in search(connection, SOURCE.project_id, unit(0), "fox", 10)]
    assert sorted(hits) == sorted([texts[0], texts[3]])


def test_neighbours(connection: Connection) -> None:
    """The chunks before and after a hit come in order, as far as the page goes; none unless asked for."""
    contents = [piece.content for piece in PIECES]
    [hit] = search(connection, SOURCE.project_id, unit(3), "zebra", 1)
    assert (hit.position, hit.before, hit.after) == (3, (), ())
    [hit] = search(connection, SOURCE.project_id, unit(3), "zebra", 1, neighbours=2)
    assert (hit.before, hit.after) == (tuple(contents[1:3]), ())
    [hit] = search(connection, SOURCE.project_id, unit(0), "reset", 1, neighbours=1)
    assert (hit.before, hit.after) == ((), (contents[1],))
