"""A URL's key is shown to nobody, whatever a storage calls it; ordinary parameters stay readable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alonchat_crawl.operations.logs.redaction import Redactor
from alonchat_crawl.operations.logs.shown_urls import HIDDEN, is_harmless, shown_urls
from alonchat_crawl.operations.terminal.terminal_text import terminal_text, without_secrets

HEX = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
BASE64 = "Zm9vYmFyK2Jhei9xdXV4K3NlY3JldA%3D%3D"
SHORT = "h7Kq9x2Bv"

NAMES = """
X-Amz-Signature X-Amz-Credential X-Amz-Security-Token AWSAccessKeyId Signature Key-Pair-Id Policy verify
X-Goog-Signature X-Goog-Credential GoogleAccessId sig se sp skoid sv rlkey authkey resourcekey token
OSSAccessKeyId security-token x-oss-signature q-signature q-ak Authorization hdnts hdnea __token__ __gda__
s t st e h k md5 hash hmac sign auth auth_key wsSecret wsTime temp_url_sig Expires UCloudPublicKey key code
state nonce sid session PHPSESSID JSESSIONID jwt access_token id_token ticket SAMLResponse otp pin x zzz ü
"""
"""Of AWS, GCS, Azure, CloudFront, Dropbox, OSS, COS, Backblaze, Supabase, Akamai, imgix, Swift and nobody."""

SIGNED = (
    "https://b.s3.example/k?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Expires=1141889120&Signature={}",
    "https://b.s3.example/k.pdf?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20260101T000000Z&X-Amz-Signature={}",
    "https://storage.example/b/k?GoogleAccessId=me%40e.example&Expires=1&Signature={}",
    "https://a.blob.example/c/b?sv=2020-10-02&se=2026-01-01T00%3A00%3A00Z&sr=b&sp=r&sig={}",
    "https://d.cloudfront.example/x?Policy={}&Signature=a&Key-Pair-Id=b",
    "https://e.example/x?verify=1735689600-{}",
    "https://www.dropbox.example/scl/fi/abc/x?rlkey={}&dl=0",
    "https://b.oss.example/x?OSSAccessKeyId=a&Expires=1&Signature={}",
    "https://f002.backblaze.example/file/b/x?Authorization=4_002{}",
    "https://x.supabase.example/storage/v1/object/sign/b/k.pdf?token={}",
    "https://e.akamai.example/x?hdnts=exp=1735689600~acl=/*~hmac={}",
    "https://e.akamai.example/hdnts=exp=1735689600~acl=x~hmac={}/x",
    "https://e.imgix.example/x?w=400&s={}",
    "https://drive.example/x?id=1&authkey={}",
    "https://e.example/x?{}",
    "https://e.example/x#{}",
    "https://e.example/x#access_token={}&state=x",
    "https://e.example/x;jsessionid={}?page=2",
    "https://e.example/x?next=https%3A%2F%2Ff.example%2Fa%3Fsig%3D{}",
    "https://e.example/x?next=https://f.example/a?b={}",
    "https://e.example/go/https%3A%2F%2Ff.example%2Fa%3Fsig%3D{}",
    "https%3A%2F%2Fe.example%2Fx%3Fsig%3D{}",
    "https%253A%252F%252Fe.example%252Fx%253Fsig%253D{}",
    "https://e.example/x?a=1&amp;b={}",
    "https:\\/\\/e.example\\/x?a=1\\u0026b={}",
    "https:\\/\\/e.example\\/x?b\\u003d{}",
    "//e.example/x?b={}",
    "/x?b={}",
    "e.example/x?a=1&b={}",
    "https://{}@e.example/x",
    "https://user:{}@e.example/x",
    "//user:{}@e.example/x",
    "https://user:p/{}@e.example/x",
    "https://e.example/file/bot123:{}/x",
)
FRAMES = (
    "{}",
    "GET {} failed",
    '{{"url": "{}"}}',
    "{{'url': '{}'}}",
    "<{}>",
    "({}).",
    "a{}",
    "x {}, {} and {}",
)


@pytest.mark.parametrize("value", [HEX, BASE64, SHORT])
@pytest.mark.parametrize("name", [*NAMES.split(), ""])
def test_no_parameter_of_any_name_shows_a_key(name: str, value: str) -> None:
    """A key is hidden for its shape, on a page and on a file, and what is harmless beside it stays."""
    for path, beside in (("docs/page", "page=2"), ("k.pdf", "?")):
        shown = shown_urls(f"https://e.example/{path}?page=2&{name}={value}#top")
        assert value not in shown
        assert beside in shown


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("url", SIGNED)
def test_no_signed_url_shows_its_key(url: str, frame: str) -> None:
    """In logs, commands, JSON; nested, encoded, in a path or a fragment. Hiding twice hides no more."""
    for value in (HEX, "Zm9vYmFyK2Jhei9xdXV4K3NlY3JldA"):
        text = frame.replace("{}", url.replace("{}", value)).replace("{{", "{").replace("}}", "}")
        for shown in (without_secrets(text), Redactor().text(text), terminal_text(text)):
            assert value[:8] not in shown
            assert HIDDEN in shown
            assert without_secrets(shown) == shown


@pytest.mark.parametrize(
    "name", ["sign", "code", "otp", "sid", "token", "key", "rlkey", "X-Auth-Token", "password", "pw", "tok"]
)
def test_a_plain_word_is_hidden_where_keys_are_words(name: str) -> None:
    """A password that is a word is told from others by its name alone."""
    assert (
        shown_urls(f"https://e.example/?{name}=sesame&page=2") == f"https://e.example/?{name}={HIDDEN}&page=2"
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://e.example/?page=2&q=hello&lang=en&id=123&sort=price",
        "https://e.example/?lang=en-US&sort=price_asc&order=priceAsc&from=2026-11-26&month=2026-11&price=12.50",
        "https://e.example/?q=how+to+return&q=t%C3%BCr&q=%E6%97%A5%E6%9C%AC&q=%E0%A4%B9%E0%A4%BF&format=mp3&v=",
        "https://e.example/?mail=a@b.com&next=/account/orders&draft&CURRENCY=USD#section-2",
        "https://e.example/docs/how-to-brew-green-tea-in-2026/index.html#Top",
        "https://e.example/top-10-of-5-best-3d-tv-2024/how-to-use-http2-and-utf8-in-2024",
        "https://e.example/%E6%97%A5%E6%9C%AC%E8%AA%9E/InternationalizationAndLocalization;lang=en",
        "upload://2f0c8a4e-1111-4222-8333-9a2b3c4d5e6f/report%202026.pdf",
        "s3://uploads/5f4dcc3b5aa765d61d8327deb882cf99/report.pdf",
        "file:///home/me/5f4dcc3b5aa765d61d8327deb882cf99.pdf",
        "https://e.example/?q=experience&kind=exchange&unit=Katze&sort=length&a=jpeg&b=webp&size=strength",
        "https://[2001:db8::1]:8443/a?b=c",
        "https://e.example/@user/post?page=2",
        "wrote (https://e.example/?q=hello), and https://e.example/?page=2.",
        "a // comment; text/html;charset=utf-8, 1 < 2 && x=3 ? y=4 : z=5",
        "mailto:me@example.com",
    ],
)
def test_what_is_harmless_stays_readable(url: str) -> None:
    """Short words in any script, small numbers, days and slugs are shown as they are."""
    assert shown_urls(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "https://e.example/k.pdf?v=2",
        "https://e.example/a.tar.gz?page=2",
        "https://e.example/k.pdf?v=2#!/a.md",
    ],
)
def test_of_a_file_nothing_of_the_query_is_shown(url: str) -> None:
    """Not even what is harmless; a file's place in an archive is."""
    assert shown_urls(url) == url.replace("v=2", HIDDEN).replace("page=2", HIDDEN)
    assert (
        shown_urls("https://e.example/object/7?page=2&b=c", files=True)
        == f"https://e.example/object/7?{HIDDEN}"
    )
    assert "hello" not in shown_urls("/object/7?q=hello", files=True)


@pytest.mark.parametrize(
    "value",
    [
        *("483920", "ab12-cd34-ef56", "correct-horse-battery-staple", "QwErTyUiOp", "hxkqzwvbn"),
        *("%FF%FE%AB%01", "550e8400-e29b-41d4-a716-446655440000", "hunter2", "1.2.3.4.5.6"),
        *("u:p@h", "//e.example", "a?b", "a=b", "%00"),
    ],
)
def test_what_is_no_word_is_a_key(value: str) -> None:
    """Codes, phrases, keyboard runs, raw bytes and whatever is a URL of its own."""
    assert not is_harmless(value)


@given(st.text(alphabet="/\\?#&;=%@:.'\"<>[]{}()aZ9- \u00e9\n2Fhs", max_size=60))
def test_any_text_is_shown(text: str) -> None:
    """Nothing makes it fail, and a key after it stays hidden."""
    assert HEX not in shown_urls(f"{text} https://e.example/?zz={HEX}")
    assert HEX not in shown_urls(f"https://e.example/{''.join(text.split())}?zz={HEX}")


@pytest.mark.parametrize(
    "piece", ["//", "//a?b=", "%2F%2F", "?a=", "?a=)", "//a;", "a@", "'", "//a'b", "\\/\\/", "aZ9"]
)
def test_hostile_repetition_is_handled(piece: str) -> None:
    """A megabyte of what the expressions look for is worked through, not exploded."""
    assert without_secrets(piece * (1_000_000 // len(piece)))


@pytest.mark.parametrize("name", ["PHPSESSID", "JSESSIONID", "osCsid", "jsid", "connect.sid"])
@pytest.mark.parametrize("value", ["hunter", "12345"])
def test_a_session_is_hidden_though_it_looks_harmless(name: str, value: str) -> None:
    """A plain word or a small number is shown of other parameters, not of a session."""
    assert shown_urls(f"https://e.example/x?{name}={value}") == f"https://e.example/x?{name}={HIDDEN}"
    assert shown_urls(f"https://e.example/x?colour={value}") == f"https://e.example/x?colour={value}"
