"""Blocklists as they are kept: against a plain reference, from hostile files, and while files change."""

import os
import tracemalloc
from array import array
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alonchat_crawl.errors import StartupError
from alonchat_crawl.identity import as_uuid
from alonchat_crawl.policies.blocklists.files import BlocklistFiles
from alonchat_crawl.policies.blocklists.formats import read_line
from alonchat_crawl.policies.blocklists.key_set import KeySet
from alonchat_crawl.policies.blocklists.lists import RuleLists
from alonchat_crawl.policies.blocklists.networks import NetworkSet
from alonchat_crawl.policies.blocklists.reader import LINE_MAX_CHARS, ListReader, NoListError, read_file
from alonchat_crawl.policies.blocklists.rule import Rule, RuleKind
from alonchat_crawl.policies.blocklists.rule_set import RuleSet, Target

KEYS = st.integers(-(2**63), 2**63 - 1)
NAMES = st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map(
    lambda labels: ".".join([*labels, "test.example"])
)
PATHS = st.text("ab/", max_size=4).map(lambda path: f"/{path}")
ADDRESSES = st.integers(0, 255).map(lambda number: f"192.0.2.{number}")
HOSTS = st.one_of(NAMES, ADDRESSES)
LINES = st.one_of(
    NAMES,
    NAMES.map("0.0.0.0 {}".format),
    NAMES.map("@@||{}^".format),
    st.builds("http://{}{}".format, HOSTS, PATHS),
    st.builds("||{}{}".format, HOSTS, PATHS.filter(lambda path: path != "/")),
    st.builds("{}/{}".format, ADDRESSES, st.integers(24, 32)),
)


def made_of(*lines: str) -> RuleSet:
    """Return the list of some lines."""
    reader = ListReader()
    reader.read(lines)
    return reader.finish()


def blocks(rules: RuleSet, url: str) -> bool:
    """Whether a list blocks a canonical URL."""
    return rules.match(Target.of_url(url)) is not None


def holds(rule: Rule, host: str, path: str) -> bool:
    """Say by plain comparison whether a rule holds for a URL."""
    match rule.kind:
        case RuleKind.HOST:
            return host == rule.value
        case RuleKind.DOMAIN:
            return f".{host}".endswith(f".{rule.value}")
        case RuleKind.URL:
            return f"http://{host}{path}" == rule.value
        case RuleKind.PATTERN:
            domain, _, rest = rule.value.partition("/")
            return f".{host}".endswith(f".{domain}") and path.startswith(f"/{rest}")
        case _:
            return host[0].isdigit() and ip_address(host) in ip_network(rule.value)


@settings(max_examples=60, deadline=None)
@given(st.lists(LINES, max_size=30), st.lists(st.tuples(HOSTS, PATHS), min_size=1, max_size=30))
def test_it_agrees_with_a_plain_reference(lines: list[str], asked: list[tuple[str, str]]) -> None:
    """Over any rules and URLs the hashed list says what comparing each rule says."""
    rules = [rule for line in lines for rule in read_line(line)]
    packed = made_of(*lines)
    for host, path in asked:
        found = {rule.exception for rule in rules if holds(rule, host, path)}
        assert blocks(packed, f"http://{host}{path}") is (found == {False})


@settings(max_examples=40, deadline=None)
@given(st.sets(KEYS, max_size=60), st.lists(KEYS))
def test_keys(keys: set[int], others: list[int]) -> None:
    """A set of keys holds what was put in, once, and nothing else; the edges of 64 bits included."""
    found = KeySet([*keys, *keys])
    assert len(found) == len(keys)
    for key in [*keys, *others, -(2**63), 2**63 - 1, 0, -1]:
        assert (key in found) is (key in keys)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.ip_addresses(v=6).map(lambda ip: f"{ip}/{120 + int(ip) % 9}"), max_size=20), st.data())
def test_networks_of_ipv6(given_cidrs: list[str], data: st.DataObject) -> None:
    """Merged ranges hold exactly what the networks hold, at their edges too."""
    networks = [ip_network(cidr, strict=False) for cidr in given_cidrs]
    found = NetworkSet(map(str, networks))
    edges = [int(network[end]) + step for network in networks for end in (0, -1) for step in (-1, 0, 1)]
    asked = data.draw(st.sampled_from([edge for edge in edges if 0 <= edge < 2**128] or [0]))
    address = ip_address(asked) if asked >= 2**32 else ip_address(f"::{asked:x}")
    assert (address in found) is any(
        address in network for network in networks if network.version == address.version
    )


@pytest.mark.parametrize(
    "url",
    ["", "bad", "http:", "http://", "http://bad.example", "//bad.example/", "http://[::1/", "http://[/x"],
)
def test_what_is_no_url(url: str) -> None:
    """What is no canonical URL is not compared at all: it raises, and a guard that raises refuses."""
    with pytest.raises(ValueError):  # noqa: PT011 - of str.index, too
        Target.of_url(url)


def test_whose_exceptions_hold() -> None:
    """A file's exceptions hold for itself, the operator's for all files, a project's for its own list."""
    ours, theirs = as_uuid("ours"), as_uuid("theirs")
    lists = RuleLists(
        files=(("one.txt", made_of("a.example", "b.example")), ("two.txt", made_of("@@||a.example^"))),
        for_all=made_of("@@||b.example^", "c.example", "d.example"),
        projects={ours: made_of("@@||c.example^", "e.example", "192.0.2.0/24"), theirs: made_of("f.example")},
    )

    def said(host: str, project: str = "ours") -> str:
        return str(lists.match(Target.of_url(f"https://{host}/"), as_uuid(project)) or "")

    assert said("a.example") == "falls under a domain rule of the list one.txt"
    assert said("b.example") == ""
    assert said("c.example") == "falls under a domain rule of the list for all projects"
    assert said("e.example") == "falls under a domain rule of the project's own list"
    assert said("192.0.2.1") == "falls under a network rule of the project's own list"
    assert said("e.example", "theirs") == said("f.example") == said("e.example", "unknown") == ""
    assert lists.match(Target.of_url("https://e.example/")) is None
    assert [lists.has_own_networks(one) for one in (ours, theirs, as_uuid("unknown"), None)] == [
        True, False, False, False,
    ]  # fmt: skip


def test_many_patterns_of_one_domain() -> None:
    """Of thousands of patterns for one domain each one holds, there and below, and for no other domain."""
    rules = made_of(*(f"||bad.example/{number}/" for number in range(5000)), "||good.example/x")
    assert len(rules) == 5001
    assert blocks(rules, "http://www.bad.example/4999/page")
    assert not blocks(rules, "http://bad.example/5000/page")
    assert not blocks(rules, "http://good.example/4999/page")


# --- BlocklistFiles ---


def written(path: Path, content: str | bytes) -> Path:
    """Write a file, with a time of change that no other content had."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    written.clock += 10**9  # type: ignore[attr-defined]
    os.utime(path, ns=(written.clock, written.clock))  # type: ignore[attr-defined]
    return path


written.clock = 10**18  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("content", "entries", "unreadable"),
    [
        (b"bad.example\r\nother.example\r\n", 2, 0),
        (b"bad.example\rother.example", 2, 0),
        (b"\xef\xbb\xbfbad.example\nother.example", 2, 0),
        ("bad.example\nother.example\n".encode("utf-16"), 2, 0),
        (b"bad.example\nbad.example\nBAD.example.\n", 1, 0),
        (b"bad.example\n\xff\xfe\xfa junk\n\x00\x01\x02\n\x1b[2J\n", 1, 3),
        (b"bad.example\n" + b"a" * 100_000 + b"\nother.example\n", 2, 1),
        (b"bad.example\n" + b"a.example " * 10_000, 1, 1),
        (b"# nothing yet\n", 0, 0),
        (b"", 0, 0),
        (os.urandom(100_000) + b"\nbad.example\n", None, None),
    ],
)
def test_contents(tmp_path: Path, content: bytes, entries: int | None, unreadable: int | None) -> None:
    """Line ends, byte order marks, repetitions, junk, endless lines: all that can be read is taken."""
    rules, report = read_file(written(tmp_path / "list.txt", content))
    if entries is None:
        assert report.entries == len(rules) >= 1
    else:
        assert (report.entries, report.unreadable) == (entries, unreadable)
    assert blocks(rules, "http://bad.example/") is (entries != 0)


def test_the_report(tmp_path: Path) -> None:
    """What was not taken is counted and told, and stops nothing."""
    lines = ("||bad.example^$script", "junk junk", "com", "0.0.0.0/0", "bad.example", "||bad.example^")
    _, report = read_file(written(tmp_path / "list.txt", "\n".join(lines)))
    assert str(report) == (
        "1 entries; 1 lines unreadable, the first in line 2; 1 rules for ad blockers only; 2 rules too wide"
    )
    assert report.too_wide_examples == ("com", "0.0.0.0/0")


def test_a_huge_line_is_never_held(tmp_path: Path) -> None:
    """A line of 32 MB is passed over in little memory, and the next one read."""
    path = tmp_path / "list.txt"
    with path.open("wb") as file:
        file.write(b"bad.example ")
        file.seek(32 * 2**20)
        file.write(b"\nlast.example\n")
    tracemalloc.start()
    try:
        rules, report = read_file(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100 * LINE_MAX_CHARS
    assert (report.entries, report.unreadable) == (1, 1)
    assert blocks(rules, "http://last.example/")


def test_many_entries_are_small(tmp_path: Path) -> None:
    """20,000 domains take under 10 bytes each."""
    path = written(tmp_path / "list.txt", "".join(f"site{number}.example\n" for number in range(20_000)))
    rules, _ = read_file(path)
    assert len(rules) == 20_000
    arrays = [kept for kept in vars(rules.blocked.keys).values() if isinstance(kept, array)]
    assert 8 * 20_000 <= sum(kept.itemsize * len(kept) for kept in arrays) < 10 * 20_000
    assert all(blocks(rules, f"https://www.site{number}.example/") for number in (0, 9999, 19_999))
    assert not blocks(rules, "https://site20000.example/")


@pytest.mark.parametrize("what", ["missing", "folder", "pipe", "device", "no match", "error page"])
def test_an_unusable_file_stops_the_start(tmp_path: Path, what: str) -> None:
    """A file that is missing, none, or no list stops the start-up with one sentence that names it."""
    path = tmp_path / "list"
    match what:
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "device":
            path = Path("/dev/zero")
        case "no match":
            path = tmp_path / "*.txt"
        case "error page":
            path.write_text("<!DOCTYPE html>\n<title>404</title>\n")
    with pytest.raises(StartupError) as caught:
        BlocklistFiles([str(path)]).load()
    assert str(caught.value).startswith("BLOCKLIST_FILES cannot be used: ")
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def names(files: BlocklistFiles) -> list[str]:
    """The names of the lists that hold."""
    return [one.path.name for one in files.lists]


def blocked(files: BlocklistFiles, *hosts: str) -> list[bool]:
    """Which hosts any file blocks."""
    return [any(blocks(one.rules, f"http://{host}/") for one in files.lists) for host in hosts]


def test_reloading(tmp_path: Path) -> None:
    """A changed file is read anew, an unchanged one is not; new ones come and others go as the glob says."""
    first = written(tmp_path / "a.txt", "bad.example")
    written(tmp_path / "b.txt", "worse.example")
    (tmp_path / "c.txt").mkdir()
    files = BlocklistFiles([str(tmp_path / "*.txt"), str(first)])
    assert [one.path.name for one in files.load().changed] == ["a.txt", "b.txt"]
    kept = files.lists[1]
    assert files.reload().changed == ()
    written(first, "good.example")  # of the same size as before, or nearly
    written(tmp_path / "d.txt", "new.example")
    assert [one.path.name for one in files.reload().changed] == ["a.txt", "d.txt"]
    assert kept in files.lists
    assert blocked(files, "bad.example", "good.example", "worse.example", "new.example") == [
        False, True, True, True,
    ]  # fmt: skip
    (tmp_path / "b.txt").unlink()
    assert [path.name for path in files.reload().removed] == ["b.txt"]
    assert names(files) == ["a.txt", "d.txt"]


@pytest.mark.parametrize("damage", ["removed", "emptied", "error page", "folder"])
def test_a_failed_reload_keeps_the_last_good_list(tmp_path: Path, damage: str) -> None:
    """What was last read stands, is told once, and is replaced as soon as the file is good again."""
    path = written(tmp_path / "a.txt", "bad.example")
    other = written(tmp_path / "b.txt", "worse.example")
    files = BlocklistFiles([str(path), str(other)])
    files.load()
    path.unlink()
    match damage:
        case "emptied":
            written(path, "")
        case "error page":
            written(path, "<html>\n")
        case "folder":
            path.mkdir()
    written(other, "other.example")
    look = files.reload()
    assert [type(fault) for fault in look.faults] == [NoListError]
    assert str(path) in str(look.faults[0])
    assert blocked(files, "bad.example", "worse.example", "other.example") == [True, False, True]
    assert files.reload().faults == ()
    if path.is_dir():
        path.rmdir()
    written(path, "# on purpose\n")
    assert files.reload().faults == ()
    assert blocked(files, "bad.example", "other.example") == [False, True]


def test_a_glob_that_matches_nothing_any_more(tmp_path: Path) -> None:
    """A folder that is gone for a moment, while it is replaced, unblocks nothing."""
    folder = tmp_path / "lists"
    folder.mkdir()
    path = written(folder / "a.txt", "bad.example")
    files = BlocklistFiles([str(folder / "*.txt")])
    files.load()
    path.unlink()
    folder.rmdir()
    assert len(files.reload().faults) == 2  # the pattern's, and the file's
    assert blocked(files, "bad.example") == [True]


def test_a_file_that_is_being_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that changes while it is read is not believed."""
    path = written(tmp_path / "a.txt", "bad.example\n")

    def slow(self: ListReader, lines: object) -> None:
        del self, lines
        path.write_text("half.exa")

    monkeypatch.setattr(ListReader, "read", slow)
    with pytest.raises(NoListError, match="was written to"):
        read_file(path)
