"""Which URLs are taken for a crawler trap: as few as possible that are none."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alonchat_crawl.extract.site.fingerprints import fingerprints
from alonchat_crawl.extract.site.session_ids import without_session
from alonchat_crawl.policies.traps.one_url import is_calendar_page, trap
from alonchat_crawl.policies.traps.url_templates import template_of
from alonchat_crawl.urls import canonical_url

TODAY = date(2026, 11, 24)

TRAPS = {
    "trap: repeating path": [
        "/a/b/a/b/a/b",
        "/a/b/a/b/a/b/",
        "/x/x/x/x",
        "/docs/docs/docs/docs/page.html",
        "/en/shop/en/shop/en/shop/cart",
        "/index.php/index.php/index.php/index.php",
        "/a/b/c/a/b/c/a/b/c/d",
        "/news/images/news/images/news/images/logo.html",
        "/start/css/../css/css/css/css/",
        "/a/b/a/c/a/d/a/e/a/f/a/g",
        "/a/b/x/x/a/b/x/x",
        "/a/b/x/a/b/a/b/x/x/a",
        "/p/1/x/1/y/1/z/1/u/1/v/1",
        "/%C3%BC/%C3%BC/%C3%BC/%C3%BC",
    ],
    "trap: deep path": [
        "/" + "/".join(f"level{n}" for n in range(26)),
        "/" + "/".join("abcdefghijklmnopqrstuvwxyz") + "/0",
    ],
    "trap: growing query": [
        "/?" + "&".join(f"p{n}={n}" for n in range(31)),
        "/search?a=1&a=1&a=1",
        "/f?sort=asc&sort=asc&sort=asc&q=x",
        "/login?back=%2Flogin%3Fback%3D%2525252Flogin",
        "/r?u=%2525252Fx",
        "/r?u=%252525252525252Fx",
        "/list?f%5B%5D=a&f%5B%5D=a&f%5B%5D=a",
    ],
    "trap: calendar": [
        "/2040/01/01/",
        "/events/2031-02",
        "/events/2031-02-14/",
        "/calendar/2029/05",
        "/calendar/1901/05/",
        "/calendar/1989-12/",
        "/cal/2035/07/",
        "/kalender/2030/01/",
        "/agenda?date=2044-10-01",
        "/?date=2040-01-01",
        "/month.php?date=20310401",
        "/events?month=2&year=2031",
        "/x?y=1985&m=2&view=calendar",
        "/view?day=1&month=1&year=2999",
        "/termine?datum=2030-01-01T00:00:00",
        "/calendar.html?ym=203101",
        "http://events.example.com/2030/01/",
        "/week/2199/12/31",
        "/schedule?w=7&year=2090",
    ],
    "trap: subdomains": [
        "http://www.www.www.example.com/",
        "http://a.b.c.d.e.f.g.h.i.example.com/",
        "http://x.x.x.x.example.org/page",
    ],
}

NO_TRAPS = [
    # Front pages and addresses
    "/",
    "http://127.0.0.1:8000/x",
    "http://1.1.1.1/",
    "http://[2606:4700::1111]/",
    "http://www.www.example.com/",
    "http://docs.eu.internal.region1.cloud.example.co.uk/",
    # Documentation, deep and with versions
    "/3/library/asyncio-task.html",
    "/docs/15/sql-createtable.html",
    "/docs/v1.2.3/api/reference/v1/v1.2/index.html",
    "/en/latest/api/api/client.html",
    "/javadoc/org/apache/commons/lang3/builder/builder/ToStringBuilder.html",
    "/api/java/util/concurrent/atomic/AtomicInteger.html",
    "/owner/repo/blob/main/src/main/java/com/example/app/service/impl/internal/v2/model/dto/UserDto.java",
    "/linux/v6.1/source/drivers/net/ethernet/intel/ice/ice_main.c",
    "/doc/python/python/",
    "/wiki/wiki/Main",
    "/node/node/node/",
    "/1/1/1/",
    "/rfc/rfc9309.html",
    "/gtk/3.0/gtk3/gtk3-tree.html",
    "/docs/a/b/a/b/",
    "/a/b/c/d/a/b/c/e",
    "/0/0/1/0/0/1/2",
    "/en/a/en/b/en/c/en/d",
    "/" + "/".join("abcdefghijklmnopqrstuvwxy"),
    # Blogs and newspapers by date
    "/2026/11/24/a-post/",
    "/2026/11/",
    "/2026/",
    "/2007/03/",
    "/2006/12/24/christmas/",
    "/2028/01/olympics",
    "/blog/2019-05-01-release-notes.html",
    "/news/2012/02/29/leap",
    "/archive/1996/10/11/index.html",
    "/1945/05/08/the-war-is-over",
    "/archives/1851/09/18/",
    "/timeline/1066/10/14",
    "/wiki/1989",
    "/wiki/2100",
    "/year/2050/forecast",
    "/papers/2050-01-climate-targets",
    "/calendar/2026/12",
    "/calendar/2027-06-01/",
    "/events/2005/04/",
    "/events/summit-2035",
    "/events?year=2026&month=11",
    "/?m=202611",
    "/?date=2026-11-24&view=month",
    "/log/20261124.html",
    # Numbers that look like dates
    "/products/2100/12",
    "/issues/2345/10",
    "/forum/1850/11/",
    "/item/20991231",
    "/p?id=20991231",
    "/catalog?year=1850",
    "/cars?make=ford&year=1932",
    "/stats?from=1950-01-01&to=1960-01-01",
    # Pagination
    "/page/2/",
    "/page/873/",
    "/?page=412",
    "/category/shoes/page/99/",
    "/viewforum.php?f=3&start=14250",
    "/list?offset=10000&limit=50",
    # Shops
    "/shoes?color=red&size=42",
    "/shoes?brand=a&brand=b&color=red&size=42&sort=price&page=3",
    "/s?filter[]=a&filter[]=b&filter[]=c",
    "/search?a=1&a=1",
    "/search?q=&cat=&min=&max=&sort=",
    "/dp/B08N5WRWNW?th=1&psc=1",
    "/form?" + "&".join(f"field{n}={n}" for n in range(30)),
    # Wikis and forums
    "/wiki/Special:RecentChanges?days=30&limit=500",
    "/index.php?title=Main_Page&action=history",
    "/index.php?diff=prev&oldid=123456&title=Talk:Main_Page",
    "/viewtopic.php?f=1&p=123456&t=5678",
    "/w/index.php?title=Category:A/B/C",
    "/thread.php?threadid=5&sid=7",
    # Ids and addresses in addresses
    "/notion/Project-4f3c2a1b0d9e8f7a6b5c4d3e2f1a0b9c",
    "/objects/5f2b1c3d4e5f6a7b8c9d0e1f",
    "/v/dQw4w9WgXcQ",
    "/web/20200101000000/http://example.com/web/",
    "/redirect?to=https%3A%2F%2Fexample.com%2F%3Fa%3Db",
    "/login?next=%252Faccount%252F",
    "/proxy?url=http%253A%252F%252Fexample.org",
    "/events/",
    "/calendar",
    "/days/monday/",
    "/months/2031/",
    "/release/2030/1/",
    "/a%20b/c%20d",
    "/ü/é/日本語/",
    "/x;v=1;w=2/y",
    "/~user/a.b.c/",
    "/index.php?option=com_content&view=article&id=123&Itemid=45&lang=en",
    "/Default.aspx?tabid=57&language=de-DE&mid=4&ctl=Details&ID=123",
    "/cgi-bin/view.cgi?a=1;b=2;c=3",
    "/docs/2.0/2.0.1/2.0/changes",
    "/maps/@52.52,13.40,12z",
    "/track?utm_source=x&utm_medium=y&utm_campaign=z&utm_term=t&utm_content=c",
    "/bugs/show_bug.cgi?id=1999-12",
    "/security/CVE-2031-1234",
]


def at(path: str) -> str:
    """Return the canonical URL of a row."""
    url = canonical_url(path if path.startswith("http") else f"https://example.com{path}")
    assert url is not None
    return url


@pytest.mark.parametrize(("reason", "path"), [(reason, path) for reason in TRAPS for path in TRAPS[reason]])
def test_traps(reason: str, path: str) -> None:
    """Each is refused, with its own reason."""
    assert trap(at(path), TODAY) == reason


@pytest.mark.parametrize("path", NO_TRAPS)
def test_no_traps(path: str) -> None:
    """What ordinary sites have is let pass."""
    assert trap(at(path), TODAY) == ""


@given(st.text().map("http://e.com/".__add__) | st.lists(st.sampled_from("ab/?&=%25;-0129")).map(
    lambda parts: "http://e.com/" + "".join(parts)))  # fmt: skip
def test_no_url_raises(url: str) -> None:
    """Whatever a canonical URL holds, it has a verdict and a shape."""
    if (canonical := canonical_url(url)) is not None:
        assert trap(canonical, TODAY) == "" or trap(canonical, TODAY).startswith("trap: ")
        assert template_of(canonical).host == "e.com"
        assert without_session(without_session(canonical)) == without_session(canonical)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/2026/11", True),
        ("/2026/11/", True),
        ("/2026-11-24", True),
        ("/cal/2026/11/24/", True),
        ("/?date=2026-11-24", True),
        ("/?y=2026&m=11", True),
        ("/2026/11/24/a-post", False),
        ("/2026/", False),
        ("/?year=2026", False),
        ("/post-2026", False),
    ],
)
def test_calendar_pages(path: str, expected: bool) -> None:  # noqa: FBT001 - a column
    """A day, a week or a month, not what happened in it."""
    assert is_calendar_page(at(path)) is expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/a;jsessionid=0A1B2C", "/a"),
        ("/a;JSESSIONID=0A1B2C.node1/b?x=1", "/a/b?x=1"),
        ("/a?PHPSESSID=3k2j1h&x=1", "/a?x=1"),
        ("/a?phpsessid=3k2j1h", "/a"),
        ("/a?ASPSESSIONIDQQ=ABC&ASP.NET_SessionId=x", "/a"),
        ("/a?CFID=1&CFTOKEN=2&id=3", "/a?id=3"),
        ("/viewtopic.php?sid=4fd0a1e2b3c4d5e6f708192a3b4c5d6e&t=7", "/viewtopic.php?t=7"),
        ("/a?session_id=a8f5f167f44f4964e6c998dee827110c", "/a"),
        ("/(S(lit3py55t21z5v55vlm25s55))/orders.aspx", "/orders.aspx"),
        ("/(A(aaaaaaaaaa)S(bbbbbbbbbb))/x/", "/x/"),
        ("/a?sid=5", "/a?sid=5"),
        ("/a?session=autumn", "/a?session=autumn"),
        ("/a?s=wordpress", "/a?s=wordpress"),
        ("/a?s=a-long-search-for-shoes-of-any-kind", "/a?s=a-long-search-for-shoes-of-any-kind"),
        ("/a;v=1/b", "/a;v=1/b"),
        ("/f(x)/(y)/z", "/f(x)/(y)/z"),
        ("/a?id=a8f5f167f44f4964e6c998dee827110c", "/a?id=a8f5f167f44f4964e6c998dee827110c"),
        ("/a?phpsessid_info=1", "/a?phpsessid_info=1"),
    ],
)
def test_session_ids(path: str, expected: str) -> None:
    """What names a session goes, whatever else looks like it stays."""
    assert without_session(at(path)) == at(expected)


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("/?a=1&b=2", ()),
        ("/?a=1&b=2&c=3", ("a=1", "b=2", "c=3")),
        ("/?f=red,blue|big", ("f=red", "f=blue", "f=big")),
        ("/?a=1&a=1&a=1&a=1", ()),
        ("/?" + "&".join(f"p{n}=1" for n in range(9)), tuple(f"p{n}=1" for n in range(8))),
    ],
)
def test_combined_values(path: str, values: tuple[str, ...]) -> None:
    """Three values and more can be combined without end."""
    assert template_of(at(path)).values == values


def test_fingerprints() -> None:
    """Case and space do not count; digits do for the text, and not for its pattern; no text has none."""
    one, again, next_page, other = map(
        fingerprints, ("Page 57:\n nothing", "page 57: NOTHING", "Page 58: nothing", "x")
    )
    assert one == again
    assert one is not None
    assert next_page is not None
    assert (one.text == next_page.text, one.pattern == next_page.pattern) == (False, True)
    assert other is not None
    assert other.pattern != one.pattern
    assert fingerprints(" \n") is None
    assert fingerprints("\ud800") is not None
