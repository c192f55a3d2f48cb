"""Links and redirects to where nobody may be asked, in every spelling."""

from tests.sites.hostile.case import STORED, Case, html, moved

ADDRESSES = (
    "127.0.0.2",
    "2130706434",
    "0x7f000002",
    "0x7f.0.0.2",
    "0177.0.0.2",
    "017700000002",
    "127.2",
    "127.0.2",
    "127.0.0.2.",
    "１２７.0.0.2",
    "①②⑦.0.0.2",
    "127。0。0。2",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.2]",
    "[::ffff:7f00:2]",
    "[::127.0.0.2]",
    "[64:ff9b::127.0.0.2]",
    "[64:ff9b::7f00:2]",
    "[2002:7f00:2::]",
    "[2001:0:7f00:2::]",
    "[fe80::1]",
    "[fec0::1]",
    "[fc00::1]",
    "[ff02::1]",
    "[::]",
    "0.0.0.0",  # noqa: S104 - nothing is bound to it
    "0",
    "10.0.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.168.0.1",
    "192.0.0.192",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "168.63.129.16",
)
"""Of the canaries, and of networks that no site is in."""

NO_LINKS = (
    "http://user:secret@127.0.0.2:PORT/credentials",
    "http://127.0.0.1:PORT@127.0.0.2:PORT/confused",
    "http://127.0.0.2:PORT\\@127.0.0.1/backslash",
    "http://127.0.0.2:PORT#@example.com/x",
    "file:///etc/passwd",
    "ftp://127.0.0.2:PORT/x",
    "s3://bucket/key",
    "data:text/html,<script>alert(1)</script>",
    "gopher://127.0.0.2:PORT/_x",
    "dict://127.0.0.2:PORT/x",
    "javascript:fetch('http://127.0.0.2:PORT/')",
    "http://127.0.0.2:PORT:80/ports",
    "http://[::1%25lo]:PORT/zone",
    "http://[::1%lo]:PORT/zone",
)
"""Left out on the page, or refused as the address that they really name; never asked."""


def cases() -> list[Case]:
    """The addresses as links, and some as redirects from pages that may be asked."""
    links = [Case(f"http://{address}:PORT/canary", "refused:address") for address in ADDRESSES]
    redirects = [
        Case(f"/redirect/{number}", "followed:redirect", moved(f"http://{address}:PORT/redirected/{number}"))
        for number, address in enumerate(ADDRESSES[:12])
    ]
    others = [
        Case(f"/redirect/scheme/{number}", "dead:http 302", moved(target))
        for number, target in enumerate(("file:///etc/passwd", "ftp://127.0.0.2/", "data:text/html,x"))
    ]
    ports = [Case(f"http://93.184.216.34:{port}/port", "refused:port") for port in (22, 25, 6379)]
    return [
        *links,
        *redirects,
        *others,
        *ports,
        Case("http://no-such-host.invalid/", "dead:dns"),
        Case("/links-nowhere", STORED, html("Nowhere", "Its links lead nowhere.", NO_LINKS)),
    ]
