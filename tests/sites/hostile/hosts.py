"""Host names of every kind, wherever a site may name one: none ends in an error that nobody foresaw."""

from tests.sites.hostile.case import FILLER, STORED, Case, html, moved

NAMES = (
    *("a_b.invalid", "_a.invalid", "-a.invalid", "a-.invalid", "ab--c.invalid", "-.invalid", "_.invalid"),
    *("xn--a.invalid", "xn--1ug.invalid", "xn--e28h.invalid", "\U0001f600.invalid", "b\u00fccher.invalid"),
    *(
        "fa\u00df.invalid",
        "a_\u00fc.invalid",
        "\u05d01\u05d1.invalid",
        "a\u200bb.invalid",
        "a\u00adb.invalid",
    ),
    *("a" * 63 + ".invalid", "\uff41\uff0einvalid", "dots\u3002invalid", "ends.invalid."),
)
"""That can be asked for, and that no name server knows."""
NO_NAMES = (
    *("xn--.invalid", "xn--a-.invalid", "xn--\u00fc.invalid", "xn--99999999999.invalid", "\u05d0a.invalid"),
    *(
        "a\u200db.invalid",
        "\u0301a.invalid",
        "\u200b",
        "\u2100.invalid",
        "a\uff0fb.invalid",
        "a\uff20b.invalid",
    ),
    *("a" * 64 + ".invalid", ("a" * 60 + ".") * 4 + "long.invalid", "\u00fc" * 60 + ".invalid"),
    *("%61.invalid", "%2e%2e", "127.0.0.2%00.invalid", "a..invalid", ".invalid", "a.invalid..", "."),
    *(
        "1.2.3.4.5",
        "0x",
        "08.0.0.1",
        "999999999999",
        "256.0.0.1",
        "127.0.0.2.5",
        "\uff11\uff12\uff17.1.1.1.1",
    ),
    *("[::1%25lo]", "[fe80::1%lo]", "[::1", "[]", "[1::2::3]", "[v1.x]", "a b.invalid", "a|b.invalid"),
)
"""That browsers ask for nowhere, or no more than we do."""
SPELT = ("\uff11\uff12\uff17.\u24ea.0\u30022", "0x7f.2", "127.2.", "[::FFFF:127.0.0.2]")
"""Of a canary's address."""
ROBOTS_TO = {
    "127.0.1.30": "http://a b.invalid:PORT/robots.txt",
    "127.0.1.31": "http://[::1%25lo]:PORT/robots.txt",
    "127.0.1.32": "http://xn--.invalid:PORT/robots.txt",
    "127.0.1.33": "http://[",
    "127.0.1.34": f"http://{'a' * 64}.invalid/robots.txt",
    "127.0.1.35": "http://\uff11\uff12\uff17.0.0.2:PORT/robots.txt",
}
"""Where the robots.txt of some of the site's addresses leads."""
ALL = (*NAMES, *NO_NAMES, *SPELT)


def _url(host: str, place: str) -> str:
    return f"http://{host}:PORT/{place}"


def listed(place: str) -> tuple[str, ...]:
    """A URL of each host."""
    return tuple(_url(host, place) for host in ALL)


def _place(number: int) -> str:
    """A path that is like no other, lest the traps stop them."""
    return "/spelt/" + "-".join(chr(ord("a") + int(digit)) * 3 for digit in str(number))


def cases() -> list[Case]:
    """All hosts as links, redirects, a refresh, canonical URLs and bases."""
    led = [
        *((host, "followed:redirect") for host in (*NAMES, *SPELT)),
        *((host, "refused:url") for host in NO_NAMES),
    ]
    head = "".join(
        f'<base href="{url}"><link rel=canonical href="{url}">' for url in listed("canonical")[21:]
    )
    refresh = '<meta http-equiv="refresh" content="0;url=http://a b.invalid:PORT/">'
    return [
        *(Case(_url(host, "named"), "dead:dns") for host in NAMES),
        *(Case(_place(number), ending, moved(_url(host, "x"))) for number, (host, ending) in enumerate(led)),
        Case("/spelt/links", STORED, html("Links to hosts", FILLER + "of hosts", listed("linked"))),
        Case("/spelt/head", STORED, html("Heads of hosts", FILLER + "of heads", head=head)),
        Case(
            "/spelt/refresh", "refused:url | stored:", html("On to a host", FILLER + "of going", head=refresh)
        ),
        *(
            Case(f"http://{address}:PORT/behind-robots", "refused:robots unreachable", html("Behind", FILLER))
            for address in ROBOTS_TO
        ),
    ]
