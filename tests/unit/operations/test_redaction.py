"""No secret leaves the process, and ordinary text is left as it is."""

import json
import math
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy.settings import Settings

from alonchat_crawl.operations.logs.redaction import Redactor
from alonchat_crawl.operations.logs.secret_names import is_secret_name
from alonchat_crawl.operations.logs.shown_urls import HIDDEN

SECRET = "s3cr3t-Value"  # noqa: S105 - planted

LEAKS = [
    f"redis://:{SECRET}@cache:6379/0",
    f"postgresql://user:{SECRET}@db/app",
    f"postgresql://user:a@{SECRET}@db/app",
    f"https://{SECRET}@sentry.example.com/1",
    f"GET https://example.com/?a=1&access_token={SECRET}&b=2",
    f"https://example.com/#id_token={SECRET}",
    f"https://bucket.example.com/x?X-Amz-Signature={SECRET}&X-Amz-Date=1",
    f"https://example.com/?api%5Fkey={SECRET}",
    f"https://example.com/?user[password]={SECRET}",
    f"https://example.com/?a=1&amp;sig={SECRET}",
    f"https://example.com/?apiKey={SECRET}",
    f"https://example.com/?APIKey={SECRET}",
    f"Authorization: Basic {SECRET}",
    f"Proxy-Authorization: Digest username=x, response={SECRET}",
    f"{{b'Authorization': [b'Bearer {SECRET}'], b'Accept': [b'*/*']}}",
    f"{{b'Cookie': [b'a=1; b={SECRET}', b'{SECRET}']}}",
    f'{{"Set-Cookie": "id={SECRET}; HttpOnly"}}',
    f"cookie={SECRET}",
    f"x-api-key: {SECRET}",
    f"tried bearer {SECRET}{SECRET}",
    f"eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZSJ9.{SECRET}",
    f"host=db user=x password={SECRET} dbname=y",
    f"connect(host='db', password='two {SECRET}')",
    f'{{"service_key": "{SECRET}"}}',
    f"{{'PGPASSWORD': 'it\\'s {SECRET}'}}",
]


@pytest.mark.parametrize("text", LEAKS)
def test_known_shapes_are_hidden(text: str) -> None:
    """A secret is hidden by its shape alone, wherever it stands."""
    shown = Redactor().text(text)
    assert SECRET not in shown
    assert HIDDEN in shown


@pytest.mark.parametrize(
    "text",
    [
        "fetched https://example.com/@user/post?page=2&keyword=token&monkey=1#section",
        "mailto:someone@example.com wrote to https://example.com/a?mail=a@b.com",
        "12 tokens, the key to the house, a secret garden, cookies disabled",
        "bearer of bad news",
        "max_tokens=128 tokenizer=bert",
        "",
    ],
)
def test_ordinary_text_is_untouched(text: str) -> None:
    """Words that only look similar stay readable."""
    assert Redactor().text(text) == text


@pytest.mark.parametrize(
    "variable",
    ["REDIS_URL", "DATABASE_URL", "SENTRY_DSN"],
)
def test_secret_settings_are_hidden_in_parts_and_whole(variable: str) -> None:
    """The value of a secret setting is hidden, and so is its password on its own, decoded or not."""
    url = f"postgres://u:p%20{SECRET}@host/db"
    redactor = Redactor.from_settings(Settings({variable: url}), {})
    for form in (url, f"p%20{SECRET}", f"p {SECRET}"):
        assert redactor.text(f"it was {form} there") == f"it was {HIDDEN} there"


@pytest.mark.parametrize("name", ["SUPABASE_SERVICE_KEY", "my_secret", "GH_TOKEN", "PGPASSWORD", "X_DSN"])
def test_secret_environment_variables_are_hidden(name: str) -> None:
    """An environment variable named like a secret is one; also when its value was quoted or repr-ed."""
    value = f"{SECRET}/+\\é"
    redactor = Redactor.from_settings(Settings(), {name: value, "HOME": "/home/x"})
    shown = redactor.text(f"{value} {value!r} in /home/x")
    assert SECRET not in shown
    assert "/home/x" in shown


def test_trivial_variables_do_not_blank_out_the_log() -> None:
    """A flag whose name contains TOKEN hides no ordinary word."""
    redactor = Redactor.from_settings(Settings(), {"TOKENIZERS_PARALLELISM": "false", "X_KEY": ""})
    assert redactor.text("false alarm") == "false alarm"


def test_nested_values_become_json_without_secrets() -> None:
    """Any value becomes JSON: secret fields hidden, numbers kept, objects as text, cycles ended."""
    ring: list[object] = []
    ring.append(ring)
    value = {
        "api_key": SECRET,
        "key_count": 3,
        "list": [f"redis://:{SECRET}@h", {"password": [SECRET]}, math.nan, math.inf, 1.5, None, True],
        1: UUID(int=1),
        "ring": ring,
        "bytes": b"\xff",
        "surrogate": "\ud800",
    }
    shown = json.loads(json.dumps(Redactor([SECRET]).value(value), allow_nan=False))
    assert SECRET not in json.dumps(shown)
    assert shown["key_count"] == 3
    assert shown["list"][2:] == ["nan", "inf", 1.5, None, True]
    assert shown["1"] == str(UUID(int=1))


def test_long_text_is_cut_after_its_secrets_are_hidden() -> None:
    """No half of a secret is left at the cut."""
    shown = Redactor([SECRET], max_chars=20).text("x" * 15 + SECRET + "y" * 100_000)
    assert SECRET[:4] not in shown
    assert len(shown) < 60


@given(st.text())
def test_any_text_is_accepted(text: str) -> None:
    """Nothing that a site can send makes redaction fail, and redacting twice changes nothing more."""
    redactor = Redactor([SECRET])
    assert SECRET not in redactor.text(text + SECRET + text)


@pytest.mark.parametrize(
    "piece", ["://a@", "a.", "key=", "'key': '", "cookie: [", "eyJaaaaa.", "\\'", "bearer "]
)
def test_hostile_repetition_is_handled(piece: str) -> None:
    """A megabyte of what the expressions look for is worked through, not exploded."""
    assert Redactor([SECRET]).text(piece * (1_000_000 // len(piece))) is not None


def test_secret_names() -> None:
    """Names are read word by word, in every common style."""
    yes = ["token", "Access-Token", "client_secret", "X-Amz-Credential", "sessionid", "jwt", "APIKey", "pwd"]
    no = ["tokens", "keyword", "monkey", "design", "author", "page", "q", "passage", "redis_url"]
    assert [name for name in yes if not is_secret_name(name)] == []
    assert [name for name in no if is_secret_name(name)] == []
