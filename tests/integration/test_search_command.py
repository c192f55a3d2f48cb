"""`scrapy search` and `scrapy migrate`, as an operator runs them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from scrapy.settings import Settings

from alonchat_crawl.embedding import Embedder, scheme
from alonchat_crawl.storage.pages import store
from alonchat_crawl.storage.sources import begin_crawl
from tests.integration.conftest import Desk
from tests.support.knowledge import URL, Piece, make_page, make_source, open_pool

ROOT = Path(__file__).parents[2]
SOURCE = make_source(project="alpha")
HOSTILE = "How to reset a password\x1b[2J \x07 \u202e [bold]not markup[/bold]"


def scrapy(database_url: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command of this project."""
    return subprocess.run(
        [sys.executable, "-m", "scrapy", *arguments],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": database_url} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
async def stored(database_url: str) -> str:
    """A database in which the project `alpha` has something and `bravo` nothing."""
    async with open_pool(database_url) as pool:
        await begin_crawl(pool, SOURCE)
        await begin_crawl(pool, make_source(project="bravo"))
        await store(pool, [make_page(SOURCE, Piece(HOSTILE, headings=("Account\x1b]0;x\x07",)))], ours())
    return database_url


def settings() -> Settings:
    """The project's settings, as the command reads them."""
    found = Settings()
    found.setmodule("alonchat_crawl.settings")
    return found


def ours() -> str:
    """Return the scheme by which the command embeds questions."""
    return scheme(settings())


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        ((), 2, "give one question"),
        (("how", "many"), 2, "give one question"),
        (("how", "-n", "0"), 2, "it takes a number from 1"),
        (("how", "-n", "x"), 2, "it takes a number from 1"),
        (("how", "--since", "lately"), 2, "it takes a day such as"),
        (("how", "-a", "project"), 2, "Invalid -a value"),
        (("how", "-a", "colour=red"), 2, "not colour"),
        (("how", "--jsno"), 2, "there is no option --jsno"),
        ((" ",), 1, "The question is empty."),
        (("how",), 1, "There is no project 'default'"),
        (("how", "-a", "project=charlie"), 1, "There is no project 'charlie'"),
        (("how", "-a", "project=bravo"), 1, "Nothing is stored in project 'bravo'"),
    ],
)
@pytest.mark.usefixtures("stored")
async def test_what_cannot_be_answered(
    desk: Desk, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    """Wrong usage ends with 2, nothing to search with 1: a sentence on stderr, nothing on stdout."""
    done = await desk.scrapy("search", *arguments)
    assert (done.code, done.out) == (code, "")
    assert sentence in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("command", [("search", "how"), ("migrate",)])
def test_an_unreachable_database(command: tuple[str, ...]) -> None:
    """A database that refuses ends with 1 and one sentence without the password."""
    done = scrapy("postgresql://u:hunter2@127.0.0.1:1/x", *command)
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.strip().splitlines()) == 1
    assert "hunter2" not in done.stderr


def test_json(stored: str) -> None:
    """With --json stdout holds one object a line with the documented keys, and nothing else."""
    done = scrapy(stored, "search", "reset password", "-a", "project=alpha", "--json")
    assert done.returncode == 0
    [line] = done.stdout.splitlines()
    hit = json.loads(line)
    assert set(hit) == {
        "score", "similarity", "url", "title", "heading_path", "content", "content_type", "language",
        "position", "before", "after", "signals",
    }  # fmt: skip
    assert (hit["content"], hit["url"]) == (HOSTILE, "https://shop.example/help")
    assert hit["signals"] == {"hidden": 2, "instructions": 1}


def test_in_a_terminal(stored: str) -> None:
    """Stored text is shown without what would steer the terminal, and is not read as markup."""
    done = scrapy(stored, "search", "reset password", "-a", "project=alpha", COLUMNS="200")
    assert done.returncode == 0
    assert not set("\x1b\x07\u202e") & set(done.stdout)
    for shown in (
        "How to reset a password",
        "[bold]not markup[/bold]",
        "https://shop.example/help",
        "Account",
        "may be an attempt at prompt injection: hidden 2, instructions 1",
    ):
        assert shown in done.stdout


async def test_the_best_window_is_shown(database_url: str) -> None:
    """Of a long chunk the part that answers best is shown, as plain text; when piped nothing is marked."""
    filler = "\n\n".join(f"Paragraph {n} tells of zebras, which live in Africa." for n in range(60))
    content = f"{filler}\n\nTo **reset** a password, open [the settings](https://shop.example/settings?a=b)."
    embedder = Embedder.from_settings(settings())
    question = embedder.embed_query("reset password")
    windows = len(embedder.cut(f"Title of {URL}", (), content).windows)
    near, far = int(question.argmax()), int(question.argmin())
    async with open_pool(database_url) as pool:
        await begin_crawl(pool, SOURCE)
        piece = Piece(content, ((far,),) * (windows - 1) + ((near,),))
        await store(pool, [make_page(SOURCE, piece)], ours())
    done = scrapy(database_url, "search", "reset password", "-a", "project=alpha", COLUMNS="200")
    assert (done.returncode, windows > 3) == (0, True)
    assert "To reset a password, open the settings." in done.stdout
    assert "Paragraph 1 " not in done.stdout
    assert not {"*", "\x1b", "["} & set(done.stdout)
    marked = scrapy(database_url, "search", "reset password", "-a", "project=alpha", FORCE_COLOR="1")
    assert "\x1b[1mreset\x1b[0m" in marked.stdout


def test_migrate(database_url: str) -> None:
    """`scrapy migrate` says that nothing was to be done where nothing was."""
    done = scrapy(database_url, "migrate")
    assert (done.returncode, done.stdout, done.stderr) == (0, "The schema is up to date.\n", "")


async def test_another_embedding_is_not_compared(database_url: str) -> None:
    """A project whose vectors were made otherwise is not searched by ours: the sentence says what to do."""
    async with open_pool(database_url) as pool:
        await begin_crawl(pool, SOURCE)
        await store(pool, [make_page(SOURCE, Piece("text"))], "another/1")
    done = scrapy(database_url, "search", "text", "-a", "project=alpha")
    assert (done.returncode, done.stdout) == (1, "")
    assert "embedded by another/1" in done.stderr
    assert "scrapy reembed -a project=alpha" in done.stderr


async def test_reembed(desk: Desk) -> None:
    """A project made by another model is searched by ours once `scrapy reembed` has run; twice is once."""
    await begin_crawl(desk.pool, SOURCE)
    pieces = [Piece("Bills are settled within thirty days"), Piece("The zebra lives in Africa")]
    await store(desk.pool, [make_page(SOURCE, *pieces)], "another/1")
    done = await desk.scrapy("reembed", "-a", "project=alpha")
    assert done.code == 0, done.err
    assert "2 chunks embedded anew" in done.out
    assert "nothing to do" in (await desk.scrapy("reembed", "--all")).out
    found = await desk.scrapy(
        "search", "how do invoices get paid", "-a", "project=alpha", "--json", "-n", "1"
    )
    assert json.loads(found.out)["content"] == "Bills are settled within thirty days"
    assert "by its index" not in (await desk.scrapy("projects")).out
    assert "alpha: promoted" in (await desk.scrapy("projects", "promote", "alpha")).out
    assert "by its index" in (await desk.scrapy("projects")).out
    assert "alpha: demoted" in (await desk.scrapy("projects", "demote", "alpha")).out
    for wrong in (("reembed", "-a", "project=none"), ("projects", "promote", "none")):
        refused = await desk.scrapy(*wrong)
        assert (refused.code, refused.err) == (1, "There is no project none.\n")
