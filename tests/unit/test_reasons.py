"""Reasons: one table, which everything that names, counts or shows one agrees with."""

import ast
import copy
import json
import pickle
import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import msgpack
import pytest

from alonchat_crawl.control.closing import saw_everything
from alonchat_crawl.outcomes import Outcome
from alonchat_crawl.reasons import GONE, OTHER, Reason
from alonchat_crawl.sandbox.pool import GIVEN
from alonchat_crawl.sources import Source, SourceProgress
from tests import house
from tests.support.reasons_page import page

ROOT = Path(__file__).parents[2]
LUA = {path.name: path.read_text() for path in (ROOT / house.PROGRAM / "frontier" / "lua").rglob("*.lua")}
MEANT = {
    "Refused": Outcome.REFUSED,
    "GiveUp": Outcome.DEAD,
    "Retry": Outcome.RETRY,
    "Postponed": Outcome.RETRY,
    "Deferred": Outcome.DEFERRED,
    "Outage": Outcome.DEFERRED,
}
"""What an error's class ends with (worker/endings.py)."""


def given() -> Iterator[tuple[Reason, Outcome, str]]:
    """Each reason that is named beside its outcome, with where."""
    for path in house.python_files():
        for node in ast.walk(house.tree(path)):
            match node:
                case ast.Call(func=ast.Name(id=name), args=[reason, *_]) if name in MEANT:
                    outcome = MEANT[name]
                case ast.Call(func=ast.Name(id="Ending"), args=[ast.Attribute(attr=name), reason, *_]):
                    outcome = Outcome[name]
                case _:
                    continue
            match reason:
                case ast.Attribute(value=ast.Name(id="Reason"), attr=name):
                    yield Reason[name], outcome, f"{path.relative_to(ROOT)}:{node.lineno}"


def named_in(paths: list[Path]) -> set[Reason]:
    """The reasons that files name."""
    found = re.findall(r"\bReason\.([A-Z_]+)\b", "\n".join(path.read_text() for path in paths))
    return {Reason[name] for name in found}


def test_each_is_given_with_an_outcome_of_its_own() -> None:
    """No place gives a reason with an outcome that its row does not tell."""
    places = list(given())
    assert len(places) > 100
    assert [place for place in places if place[1] not in place[0].outcomes] == []


def test_lua_spells_reasons_of_the_table() -> None:
    """What scripts of the frontier write as a reason is one, and ends as its row says."""
    text = "\n".join(LUA.values())
    found = {
        *re.findall(r"fail\(source, domain, entry, '([^']+)'", text),
        *re.findall(r"drop_waiting\(source, '([^']+)'", text),
        *re.findall(r"'r:refused:([^']+)'", text),
        *re.findall(r"'reason', '([^']+)'", text),
        *re.findall(r"finish\(source, 'dead', '([^']+)'", text),
        *re.findall(r"ends'\) == '([^']+)'", text),
        *re.findall(r"before == '([^']+)'", text),
        *re.findall(r"failures = \{\{[^']*'([^']+)'", text),
    }
    assert found == {
        Reason.LEASE_EXPIRED, Reason.MAX_PAGES, Reason.MAX_URLS, Reason.CANCELLED, Reason.UNREADABLE
    }  # fmt: skip


def test_each_is_used() -> None:
    """A row that nobody gives would be a lie."""
    program = [path for path in house.python_files() if path.name != "reasons.py"]
    in_lua = {reason for reason in Reason if reason and any(f"{reason}'" in text for text in LUA.values())}
    assert set(Reason) - named_in(program) - in_lua == set()


def test_a_parser_may_give_what_parsers_give() -> None:
    """The sandbox lets through the reasons of extract/, and no others."""
    extract = [path for path in house.python_files() if house.room_of(path) == "extract"]
    assert named_in(extract) == GIVEN


def test_the_page_is_written_from_the_table() -> None:
    """docs/reasons.md is as `make reasons` writes it."""
    assert (ROOT / "docs" / "reasons.md").read_text() == page()


@pytest.mark.parametrize(
    ("status", "file", "spelling", "label", "outcome"),
    [
        (200, None, "http 200", "http 200", Outcome.DEAD),
        (304, None, "http 304", "http 304", Outcome.UNCHANGED),
        (404, None, "http 404", "http 404", Outcome.DEAD),
        (503, None, "http 503", "http 503", Outcome.RETRY),
        (524, None, "http 524", "http 524", Outcome.RETRY),
        (999, None, "http 999", OTHER, Outcome.DEAD),
        (1000, None, "http other", OTHER, Outcome.DEAD),
        (99, None, "http other", OTHER, Outcome.DEAD),
        (-404, None, "http other", OTHER, Outcome.DEAD),
        (503, Reason.ROBOTS, "robots http 503", "robots http 503", Outcome.DEFERRED),
        (777, Reason.TDM, "tdm http 777", OTHER, Outcome.DEFERRED),
    ],
)
def test_statuses_are_a_family(
    status: int, file: Reason | None, spelling: str, label: str, outcome: Outcome
) -> None:
    """A site may send any number: few spellings come of it, and fewer labels."""
    reason = Reason.http(status, file)
    assert (str(reason), reason.label, reason.outcomes) == (spelling, label, frozenset({outcome}))
    assert reason is Reason(spelling) is Reason.known(spelling)
    assert reason.is_gone == (spelling in {"http 404", "http 410"})


def test_labels_are_bounded() -> None:
    """Whatever sites send: a label for each row, and for each status that means something."""
    labels = {Reason.http(status, file).label for status in range(-9, 99_999) for file in (None, Reason.TDM)}
    assert len(labels) < 150
    assert all(reason.label == reason for reason in Reason)


@pytest.mark.parametrize("reason", [Reason.NONE, Reason.ROBOTS, Reason.http(404)])
def test_each_travels_as_its_spelling(reason: Reason) -> None:
    """JSON, msgpack and a format hold the plain string; a copy or a pickle is the reason itself."""
    assert json.loads(json.dumps([reason])) == [str(reason)] == [f"{reason}"]
    assert msgpack.unpackb(msgpack.packb(reason)) == reason  # type: ignore[no-untyped-call, attr-defined]
    assert copy.deepcopy(reason) is reason
    assert pickle.loads(pickle.dumps(reason)) is reason  # noqa: S301 - our own


@pytest.mark.parametrize("text", ["no reason", "http", "http 1", "http 04", "http 12345", "url http 404"])
def test_what_is_none_is_not_taken_for_one(text: str) -> None:
    """Text of another version, or of whoever writes into Redis, is known as such."""
    assert Reason.known(text) is None


@pytest.mark.parametrize(
    ("counted", "whole"),
    [
        ("refused:robots", True),
        ("refused:trap: calendar", True),
        ("refused:of another version", True),
        ("refused:max_pages", False),
        ("refused:max_urls", False),
        ("refused:cancelled", False),
        ("refused:robots unreachable", False),
        ("followed:redirect", True),
        ("unchanged:http 304", True),
        ("dead:http 404", True),
        ("dead:http 410", True),
        ("dead:http 500", False),
        ("dead:of another version", False),
        ("of another version:robots", True),
    ],
)
def test_closing_reads_the_table(counted: str, *, whole: bool) -> None:
    """Pages count as gone only if the crawl saw the whole source, also by counts of another version."""
    source = Source(uuid4(), uuid4(), uuid4(), "https://a.example/", "p", 10, 1)
    progress = SourceProgress(source, "completed", 0, 0, {"stored": 1}, {counted: 1})
    assert saw_everything(progress) is whole


def test_gone_is_what_sites_say_is_gone() -> None:
    """Only these delete a stored page."""
    assert {"http 404", "http 410"} == GONE
