"""An ordinary site with everything that the spider must understand, and what it must not touch."""

import gzip

from tests.sites.server import Answer, Route, page

FILLER = "This page explains one thing at a length that any extractor takes for an article. " * 6

STORED = {
    "/",
    "/guide/",
    "/guide/install",
    "/guide/reset-password",
    "/nofollow-page",
    "/old-name-new",
    "/canonical-home",
    "/from-sitemap",
    "/from-gzip-sitemap",
    "/windows-1252",
    "/shift-jis",
    "/utf-16",
    "/wrong-meta",
    "/plain.txt",
    "/readme.md",
    "/behind-noindex",
    "/flaky",
}
"""The paths whose pages are stored."""

NEVER_FETCHED = {"/robots-forbids", "/rel-nofollow", "/behind-nofollow", "/excluded/a"}


def urlset(*urls: str) -> bytes:
    """A sitemap."""
    entries = "".join(f"<url><loc>{url}</loc></url>" for url in urls)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</urlset>'
    ).encode()


def encoded(title: str, text: str, encoding: str, header: str | None, meta: str = "") -> Answer:
    """A page in another encoding than UTF-8."""
    body = f"<main><p>{text} {FILLER}</p></main>"
    html = f"<html><head>{meta}<title>{title}</title></head><body>{body}</body></html>"
    return Answer(html.encode(encoding), f"text/html{f'; charset={header}' if header else ''}")


def flaky(asked_before: int) -> Answer:
    """Too busy at first."""
    if asked_before == 0:
        return Answer(b"busy", "text/plain", 503, {"Retry-After": "1"})
    return page("Flaky", f"The flaky page came at last. {FILLER}")


def routes(base: str) -> dict[str, Route]:
    """The site's table; `base` is its own URL."""
    links = (
        "/guide/",
        "/nofollow-page",
        "/noindex-page",
        "/header-noindex",
        "/old-name",
        "/alias?ref=1",
        "/alias?ref=2",
        "/windows-1252",
        "/shift-jis",
        "/utf-16",
        "/wrong-meta",
        "/plain.txt",
        "/readme.md",
        "/picture.png",
        "/missing",
        "/gone",
        "/flaky",
        "/empty",
        "/robots-forbids",
        "/excluded/a",
        "/leads-away",
        "http://elsewhere.invalid/",
        "mailto:me@example.com",
        "javascript:alert(1)",
        "http://[::1",
        "#top",
    )
    index = page("Home", f"Welcome to the ordinary site. {FILLER}", links)
    again = f"{base.upper()}/%67uide/#a"
    more = f'<p><a rel="nofollow" href="/rel-nofollow">x</a> <a href="{again}">y</a></p></main>'
    sitemap_index = (
        f"<sitemapindex><sitemap><loc>{base}/sitemap-a.xml</loc></sitemap>"
        f"<sitemap><loc>{base}/sitemap-b.xml.gz</loc></sitemap></sitemapindex>"
    )
    return {
        "/robots.txt": Answer(
            f"User-agent: *\nDisallow: /robots-forbids\nSitemap: {base}/sitemap.xml\n".encode(), "text/plain"
        ),
        "/": Answer(index.body.replace(b"</main>", more.encode())),
        "/guide/": page("Guide", f"The guide. {FILLER}", ("install", "reset-password", "../")),
        "/guide/install": page("Install", f"Unpack the archive and run the installer. {FILLER}"),
        "/guide/reset-password": page(
            "Reset your password",
            f"To reset a forgotten password, open the login page and press the link below the form. {FILLER}",
        ),
        "/nofollow-page": page(
            "Nofollow",
            f"Stored, its links are not followed. {FILLER}",
            ("/behind-nofollow",),
            '<meta name="robots" content="nofollow">',
        ),
        "/noindex-page": page(
            "Noindex",
            f"Not stored, its links are followed. {FILLER}",
            ("/behind-noindex",),
            '<meta name="ROBOTS" content="NOINDEX">',
        ),
        "/behind-noindex": page("Behind", f"Reached through a page that is not stored. {FILLER}"),
        "/header-noindex": Answer(
            page("Header", FILLER).body, headers={"X-Robots-Tag": "otherbot: none, alonchatbot: noindex"}
        ),
        "/old-name": Answer(b"", None, 301, {"Location": "/old-name-new"}),
        "/old-name-new": page("New name", f"Reached by a redirect. {FILLER}"),
        "/leads-away": Answer(b"", None, 302, {"Location": "http://elsewhere.invalid/"}),
        **{
            f"/alias?ref={n}": page(
                "Canonical",
                f"One page with two addresses. {FILLER}",
                (),
                '<link rel="canonical" href="/canonical-home">',
            )
            for n in (1, 2)
        },
        "/windows-1252": encoded("Prices", "It costs 5 € – “cheap”, naïve café.", "windows-1252", None),
        "/shift-jis": encoded("日本語のページ", "これは日本語の文章です。" * 20, "shift_jis", "Shift_JIS"),
        "/utf-16": encoded("Sixteen", "Sechzehn Bits für Größe.", "utf-16", None),
        "/wrong-meta": encoded("Wrong", "Déjà vu à l’hôtel.", "utf-8", None, '<meta charset="iso-8859-1">'),
        "/plain.txt": Answer(f"A plain text file. {FILLER}".encode(), "text/plain; charset=utf-8"),
        "/readme.md": Answer(f"# Readme\n\nA Markdown file. {FILLER}".encode(), "text/plain; charset=utf-8"),
        "/picture.png": Answer(b"\x89PNG\r\n\x1a\n\x00\x00", "image/png"),
        "/gone": Answer(b"gone", "text/plain", 410),
        "/flaky": flaky,
        "/empty": Answer(b"<html><body></body></html>"),
        "/sitemap.xml": Answer(sitemap_index.encode(), "application/xml"),
        "/sitemap-a.xml": Answer(urlset(f"{base}/from-sitemap", f"{base}/guide/"), "text/xml"),
        "/sitemap-b.xml.gz": Answer(gzip.compress(urlset(f"{base}/from-gzip-sitemap")), "application/gzip"),
        "/from-sitemap": page("Sitemap", f"Only the sitemap knows this page. {FILLER}"),
        "/from-gzip-sitemap": page("Gzip sitemap", f"Only the compressed sitemap knows this. {FILLER}"),
        "/rel-nofollow": page("No", FILLER),
        "/behind-nofollow": page("No", FILLER),
        "/excluded/a": page("No", FILLER),
        "/robots-forbids": page("No", FILLER),
    }
