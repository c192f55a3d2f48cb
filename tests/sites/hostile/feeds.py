"""What the site says to robots: its robots.txt, its sitemaps, and pages that are not to be kept."""

import gzip

from tests.sites.hostile import hosts
from tests.sites.hostile.case import FILLER, Case, Reply, html, moved

ENTITIES = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
XML_BOMB = (
    f'<?xml version="1.0"?><!DOCTYPE urlset [<!ENTITY e0 "lol">{ENTITIES}]>'
    "<urlset><url><loc>&e11;</loc></url></urlset>"
)
EXTERNAL = (
    '<?xml version="1.0"?><!DOCTYPE urlset [<!ENTITY x SYSTEM "file:///etc/passwd">'
    '<!ENTITY y SYSTEM "http://127.0.0.2:PORT/xxe">]>'
    "<urlset><url><loc>http://127.0.0.1:PORT/xxe/&x;&y;</loc></url></urlset>"
)


def urlset(*urls: str) -> bytes:
    """A sitemap."""
    return b"<urlset>" + b"".join(f"<url><loc>{url}</loc></url>".encode() for url in urls) + b"</urlset>"


def index(*urls: str) -> bytes:
    """A sitemap of sitemaps."""
    entries = b"".join(f"<sitemap><loc>{url}</loc></sitemap>".encode() for url in urls)
    return b"<sitemapindex>" + entries + b"</sitemapindex>"


def xml(body: bytes | str) -> Reply:
    """Return XML."""
    return Reply(body if isinstance(body, bytes) else body.encode(), "application/xml")


GZIP_BOMB = gzip.compress(b"<urlset>" + b" " * 100_000_000)
HOST = "http://127.0.0.1:PORT"
SITEMAPS = {
    "bomb": (xml(XML_BOMB), "followed: | dead:sitemap"),
    "external": (xml(EXTERNAL), "followed: | dead:sitemap"),
    "gzip-bomb": (Reply(GZIP_BOMB, "application/gzip"), "dead:sitemap | refused:too large"),
    "nested": (xml(b"<a>" * 200_000), "followed: | dead:sitemap | dead:parser crash | dead:parser memory"),
    "not-xml": (xml(b"\0\xff no sitemap"), "dead:sitemap"),
    "empty": (xml(b""), "dead:sitemap"),
    "page": (html("No sitemap", FILLER), "followed: | dead:sitemap"),
    "loop": (xml(index(f"{HOST}/sitemap/loop", f"{HOST}/sitemap/loop?again")), "followed:"),
    "elsewhere": (xml(index("http://127.0.0.2:PORT/s.xml", "http://169.254.169.254/s.xml")), "followed:"),
    "away": (moved("http://127.0.0.2:PORT/s.xml"), "followed:redirect"),
    "huge": (xml(urlset(*(f"{HOST}/2099/01/01/{n}" for n in range(150)))), "followed:"),
    "flood": (xml(index(*(f"{HOST}/sitemap/more/{n}" for n in range(60)))), "followed:"),
    "hosts": (xml(urlset(*hosts.listed("in-sitemap"))), "followed:"),
    "good": (
        xml(urlset(f"{HOST}/good/from-sitemap", "http://127.0.0.2:PORT/x", "javascript:alert(1)")),
        "followed:",
    ),
}
DEEP = {f"/sitemap/deep/{n}": xml(index(f"{HOST}/sitemap/deep/{n + 1}")) for n in range(9)}


def robots() -> Reply:
    """Return a robots.txt that hides its few rules in rubbish."""
    sitemaps = [f"Sitemap: {HOST}/sitemap/{name}" for name in SITEMAPS]
    sitemaps += [
        f"Sitemap: {HOST}/sitemap/deep/0",
        "Sitemap: file:///etc/passwd",
        "Sitemap: http://127.0.0.2:PORT/s",
        *(f"Sitemap: {url}" for url in (*hosts.listed("map.xml")[:4], *hosts.listed("map.xml")[21:])),
    ]
    rules = [
        "User-agent: *",
        "Disallow: /forbidden",
        f"Allow: /{'*a' * 5_000}$",
        "Disallow: \0\xff",
        "Crawl-delay: nan",
    ]
    rubbish = ["%s" % ("<" * 2_000), "User-agent:" * 1_000, ": : :", "\u202e"]
    return Reply("\n".join((*rubbish, *rules, *sitemaps)).encode(), "text/plain")


def cases() -> list[Case]:
    """The sitemaps, and pages that ask not to be kept."""
    sitemaps = [Case(f"/sitemap/{name}", ending, reply) for name, (reply, ending) in SITEMAPS.items()]
    none = {"X-Robots-Tag": "otherbot: all, alonchatbot: noindex"}
    return [
        *sitemaps,
        Case("/sitemap/deep/0", "followed:", DEEP["/sitemap/deep/0"], DEEP),
        Case("/forbidden/page", "refused:robots", html("Forbidden", FILLER)),
        Case("/noindex/header", "refused:noindex", Reply(html("No", FILLER).body, headers=none)),
        Case("/noindex/meta", "refused:noindex", html("No", FILLER, (), '<meta name=robots content="none">')),
    ]
