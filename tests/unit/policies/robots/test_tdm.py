"""Reserved rights, as the TDM Reservation Protocol words them."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alonchat_crawl.fetch.request_context import NO_CONTEXT, RequestContext
from alonchat_crawl.policies.robots.fetch_state import FileBody
from alonchat_crawl.policies.robots.tdm_file import Reservations, condensed, reservation
from alonchat_crawl.policies.robots.tdm_policy import after_step, page_is_reserved

ALL = {"location": "/", "tdm-reservation": 1}
EXAMPLE = [
    {"location": "/directory-a/", "tdm-reservation": 1},
    {
        "location": "/directory-b/html/",
        "tdm-reservation": 1,
        "tdm-policy": "https://provider.com/policy.json",
    },
    {"location": "/directory-b/images/*.jpg", "tdm-reservation": 0},
]


def reserved(rules: object, path: str) -> bool | None:
    """What a file of these rules says of a path."""
    octets = rules if isinstance(rules, bytes) else json.dumps(rules).encode()
    return Reservations(condensed(FileBody(octets))).of(f"https://e.org{path}")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, True),
        (0, False),
        ("1", True),
        ("0", False),
        (" 1 ", True),
        (2, None),
        (-1, None),
        ("2", None),
        ("", None),
        ("yes", None),
        ("1, 1", None),
        (True, None),
        (False, None),
        (1.0, None),
        (None, None),
        ([1], None),
        ({"1": 1}, None),
        (10**400, None),
    ],
)
def test_reservation(value: object, expected: bool | None) -> None:  # noqa: FBT001 - a table
    """1 and 0 say something; any other value is an error of protocol, and says nothing."""
    assert reservation(value) is expected


@pytest.mark.parametrize(
    ("rules", "path", "expected"),
    [
        ([ALL], "/", True),
        ([ALL], "/a?b", True),
        ([], "/", None),
        (EXAMPLE, "/directory-a/x.pdf", True),
        (EXAMPLE, "/directory-b/html/x.html", True),
        (EXAMPLE, "/directory-b/images/x.jpg", False),
        (EXAMPLE, "/directory-b/images/x.png", None),
        (EXAMPLE, "/Directory-a/x.pdf", None),
        (EXAMPLE, "/", None),
        ([{"location": "/a", "tdm-reservation": 0}, ALL], "/a/long/path", False),
        ([ALL, {"location": "/a/long", "tdm-reservation": 0}], "/a/long/path", True),
        ([{"location": "/a", "tdm-reservation": 2}, ALL], "/a", None),
        ([{"location": "/a"}, ALL], "/a", None),
        ([{"location": "/a"}, ALL], "/b", True),
        ([{"tdm-reservation": 1}], "/", None),
        ([{"location": 1, "tdm-reservation": 1}, ALL], "/", True),
        ([{"location": "a", "tdm-reservation": 1}], "/a", None),
        ([{"location": "", "tdm-reservation": 1}], "/", None),
        ([{"location": "*", "tdm-reservation": 1}], "/a", True),
        ([{"location": "/this/path/exactly$", "tdm-reservation": 1}], "/this/path/exactly", True),
        ([{"location": "/this/path/exactly$", "tdm-reservation": 1}], "/this/path/exactly/x", None),
        ([{"location": "/this/*/then", "tdm-reservation": 1}], "/this/a/b/then", True),
        ([{"location": "/path/foo-%24", "tdm-reservation": 1}], "/path/foo-$", True),
        ([{"location": "/%62%61%7A", "tdm-reservation": 1}], "/baz", True),
        ([{"location": "/ツ", "tdm-reservation": 1}], "/%E3%83%84", True),
        ([{"location": "/\ud800", "tdm-reservation": 1}, ALL], "/", True),
        ([{"location": "/a", "tdm-reservation": "1"}], "/a", True),
        ([None, 1, "x", [], [ALL], {}, ALL], "/", True),
        (ALL, "/", None),
        ({"rules": [ALL]}, "/", None),
        (None, "/", None),
        (1, "/", None),
        (b"", "/", None),
        (b"<!doctype html>", "/", None),
        (b"[", "/", None),
        (b'[{"location": "/", "tdm-reservation": 1}', "/", None),
        (b'[{"location": "/", "tdm-reservation": NaN}]', "/", None),
        (b'[{"location": "/", "tdm-reservation": 1e999}]', "/", None),
        (b'[{"location": "/", "tdm-reservation": ' + b"9" * 10_000 + b"}]", "/", None),
        (b"[" * 200_000, "/", None),
        (b'{"a":' * 100_000, "/", None),
        (b"\xff\xfe[\x00", "/", None),
        (b'\xef\xbb\xbf[{"location": "/", "tdm-reservation": 1}]', "/", True),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_the_file(rules: object, path: str, expected: bool | None) -> None:  # noqa: FBT001
    """The first rule that matches counts; what is no such file reserves nothing, and nothing in it raises."""
    assert reserved(rules, path) is expected


def test_a_hostile_file() -> None:
    """Half a megabyte of wildcards is asked about a long URL, and says what the first that matches says."""
    rules = [
        {"location": f"/{'*a' * (number % 50)}*b{number}", "tdm-reservation": 1} for number in range(1000)
    ]
    assert reserved(rules, "/" + "a" * 2000) is None
    assert reserved([*rules, ALL], "/" + "a" * 2000) is True


@settings(max_examples=25)
@given(st.binary(max_size=100), st.recursive(st.none() | st.integers() | st.text(), st.lists), st.text())
def test_nothing_raises(octets: bytes, value: object, location: str) -> None:
    """Whatever is served, there is an answer."""
    reserved(octets, "/")
    reserved([value, {"location": location, "tdm-reservation": value}], f"/{location}")


@pytest.mark.parametrize(
    ("before", "values", "expected"),
    [
        (None, [], None),
        (None, ["1"], True),
        (None, ["0"], False),
        (True, ["0"], False),
        (False, ["1"], True),
        (True, [], True),
        (False, [], False),
        (True, ["2"], True),
        (False, ["no"], False),
        (None, ["0", "1"], True),
        (None, ["1", "0"], True),
        (True, ["", "0"], False),
    ],
)
def test_precedence(before: bool | None, values: list[str], expected: bool | None) -> None:  # noqa: FBT001
    """A later step outdoes what was said before, its absence does not ("Processing priority")."""
    assert after_step(before, values) is expected


SO_FAR = {said: RequestContext(obeys_tdm=True, tdm_reserved=said) for said in (None, True, False)}
"""What a request carries if TDM_RESERVATION is obeyed, by what was said so far."""


@pytest.mark.parametrize(
    ("context", "tags", "noai", "expected"),
    [
        (NO_CONTEXT, [("tdm-reservation", "1")], True, False),
        (SO_FAR[None], [], False, False),
        (SO_FAR[None], [("tdm-reservation", "1")], False, True),
        (SO_FAR[None], [("TDM-Reservation ", " 1")], False, True),
        (
            SO_FAR[None],
            [("tdm-policy", "1"), ("robots", "1")],
            False,
            False,
        ),
        (SO_FAR[True], [], False, True),
        (SO_FAR[True], [("tdm-reservation", "0")], False, False),
        (SO_FAR[False], [("tdm-reservation", "1")], False, True),
        (SO_FAR[True], [("tdm-reservation", "x")], False, True),
        (SO_FAR[False], [], True, True),
        (SO_FAR[None], [("tdm-reservation", "0")], True, True),
    ],
)
def test_pages(context: RequestContext, tags: list[tuple[str, str]], noai: bool, expected: bool) -> None:  # noqa: FBT001
    """A page's meta tags have the last word, but for `noai`; nothing is reserved where nobody obeys."""
    assert page_is_reserved(context, tags, noai=noai) is expected
