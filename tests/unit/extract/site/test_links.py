"""Which URLs a page leads to, and how they are spelt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alonchat_crawl.extract.site.links import markdown_links, page_links
from alonchat_crawl.urls import canonical_url

BASE = "http://example.com/docs/page.html"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTP://EXAMPLE.com:80", "http://example.com/"),
        ("https://example.com:443/a/../b/./c/..", "https://example.com/b/"),
        ("http://example.com:8080/x", "http://example.com:8080/x"),
        ("http://example.com:/x", "http://example.com/x"),
        ("http://example.com/x#fragment", "http://example.com/x"),
        ("http://example.com?b=2&a=1", "http://example.com/?a=1&b=2"),
        ("http://example.com/%2E%2e/x", "http://example.com/x"),
        ("http://example.com/a//b", "http://example.com/a//b"),
        ("http://example.com/ü?q=ü", "http://example.com/%C3%BC?q=%C3%BC"),
        ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://example.com/a b", "http://example.com/a%20b"),
        ("http://[::1]:8080/a[b](c)?d[]=e", "http://[::1]:8080/a%5Bb%5D(c)?d%5B%5D=e"),
        ("http://127.0.0.1:8000/x", "http://127.0.0.1:8000/x"),
        ("http://2130706433/", "http://127.0.0.1/"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
        ("http://0177.0.0.1/", "http://127.0.0.1/"),
        ("http://127.1:80/", "http://127.0.0.1/"),
        ("http://127.0.0.1./", "http://127.0.0.1/"),
        ("http://1.2.3.4.5/", None),
        ("http://256.256.256.256/", None),
        ("http://example.1/", None),
        ("http://1.example/", "http://1.example/"),
        ("http://example.com./x", "http://example.com/x"),
        ("http://example.com../x", None),
        ("ftp://example.com/", None),
        ("javascript:alert(1)", None),
        ("mailto:a@example.com", None),
        ("data:text/html,x", None),
        ("//example.com/", None),
        ("example.com", None),
        ("", None),
        ("http:///x", None),
        ("http://user@example.com/", None),
        ("http://user:secret@example.com/", None),
        ("http://[::1", None),
        ("http://example.com:99999/", None),
        ("http://example.com:0/", None),
        ("http://example.com:x/", None),
        ("http://a b/", None),
        ("http://.example.com/", None),
        ("http://%65xample.com/", None),
        ("http://exa\ud800mple.com/", None),
        ("http://example.com/\ud800", None),
        ("http://example.com/" + "a" * 2064, "http://example.com/" + "a" * 2064),
        ("http://example.com/" + "a" * 2065, None),
        ("http://example.com/" + "a" * 1_000_000, None),
    ],
)
def test_canonical_url(url: str, expected: str | None) -> None:
    """Every spelling of a URL becomes one; what cannot be fetched becomes None."""
    assert canonical_url(url) == expected


@given(st.one_of(st.text(), st.text().map("http://e.com/".__add__), st.text().map("http://".__add__)))
def test_canonical_url_is_stable(url: str) -> None:
    """No text makes it raise, and a canonical URL is its own canonical form."""
    once = canonical_url(url)
    assert once is None or canonical_url(once) == once


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<a href="x">', ("http://example.com/docs/x",)),
        ('<a href=" x\n">', ("http://example.com/docs/x",)),
        ('<a href="/b">b<a href="/a">a<a href="/b#x">', ("http://example.com/b", "http://example.com/a")),
        ('<area href="/x">', ("http://example.com/x",)),
        ('<iframe src="/x"></iframe>', ("http://example.com/x",)),
        ('<frameset><frame src="/x"></frameset>', ("http://example.com/x",)),
        ('<base href="/other/"><a href="x">', ("http://example.com/other/x",)),
        ('<base href="javascript:1"><a href="x">', ("http://example.com/docs/x",)),
        ('<base href="/1/"><base href="/2/"><a href="x">', ("http://example.com/1/x",)),
        ('<a rel="nofollow" href="/x">', ()),
        ('<a rel="UGC NoFollow" href="/x">', ()),
        ('<a rel="nofollowing" href="/x">', ("http://example.com/x",)),
        ('<a href="javascript:alert(1)"><a href="mailto:a@b"><a href="data:text/html,x">', ()),
        ('<a href="java\nscript:alert(1)">', ()),
        ('<a href="http://[::1"><a href="//host:99999/"><a href="http://u:p@e.com/">', ()),
        ('<a href="/\ud800">', ()),
        (f'<a href="/{"a" * 1_000_000}"><a href="data:image/png;base64,{"A" * 1_000_000}">', ()),
        ("<a href>itself<a>nowhere", (BASE,)),
        ('<!-- <a href="/x"> --><script>"<a href=/y>"</script>', ()),
        ("<template><a href=/x></template>", ()),
        ("", ()),
        ("<" * 10_000, ()),
    ],
)
def test_page_links(html: str, expected: tuple[str, ...]) -> None:
    """Links come absolute, canonical, in order and once; malformed and nofollow ones are left out."""
    assert page_links(html, BASE, 100).links == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<link rel="canonical" href="/c?b=1&a=2">', "http://example.com/c?a=2&b=1"),
        ('<link rel="Canonical" href="https://other.org/">', "https://other.org/"),
        ('<link rel="canonical" href="javascript:1">', None),
        ('<link rel="stylesheet" href="/c">', None),
        ("", None),
    ],
)
def test_canonical(html: str, expected: str | None) -> None:
    """A usable rel=canonical is told; any other is None."""
    assert page_links(html, BASE, 100).canonical == expected


def test_meta_robots() -> None:
    """Named metas come with lower-case names, contents untouched."""
    html = (
        '<meta name="ROBOTS" content="NoIndex"><meta name="AlonChatBot" content="none"><meta charset="utf-8">'
    )
    assert page_links(html, BASE, 100).meta_robots == (("robots", "NoIndex"), ("alonchatbot", "none"))


def test_nesting_attack_has_no_links() -> None:
    """A page nested beyond reason is not parsed."""
    assert page_links("<div>" * 200_000 + "<a href=/x>", BASE, 100).links == ()


def test_markdown_links() -> None:
    """Inline, reference and autolinks are found; code, images and other schemes are not."""
    text = "[a](b.md) <https://x.org/> ![i](i.png) [r] [j](javascript:1)\n\n"
    text += "    [c](code)\n\n`[d](d)`\n\n[r]: /ref\n"
    expected = ("http://example.com/docs/b.md", "https://x.org/", "http://example.com/ref")
    assert markdown_links(text, BASE, 100).links == expected


@pytest.mark.parametrize(
    ("hrefs", "links", "left_out"),
    [
        (["/1", "/2", "/2", "/3"], 3, 0),
        (["/1", "/2", "/3", "/4", "/4", "/5"], 3, 2),
        (["/1#a", "/1#b", "/1#c", "/1#d"], 1, 0),
        (["javascript:1"] * 9, 0, 0),
        ([f"javascript:{n}" for n in range(1_000)], 0, 970),
        ([f"/{n}" for n in range(100_000)], 3, 99_997),
        (["/a;jsessionid=1", "/a;jsessionid=2", "/a"], 1, 0),
    ],
)
def test_too_many_links(hrefs: list[str], links: int, left_out: int) -> None:
    """The first ones are kept, the rest is counted, and a flood of them is not looked at."""
    html = page_links("".join(f'<a href="{href}">x</a>' for href in hrefs), BASE, 3)
    markdown = markdown_links("\n\n".join(f"[x]({href})" for href in hrefs[:1000]), BASE, 3)
    assert (len(html.links), html.left_out) == (links, left_out)
    assert len(markdown.links) == links or hrefs[0].startswith("javascript")
