"""No trick makes the crawler open a connection to an address that is not public: canaries count them."""

import os
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from random import randrange
from warnings import catch_warnings

import pytest
import trustme

from alonchat_crawl.fetch.request_context import META_KEY, RequestContext
from tests.sites.raw import RawSite, http
from tests.support.asking import Ask, Told, asked

PUBLIC, PRIVATE, PRIVATE6 = "127.0.0.2", "127.0.0.1", "::1"
"""What is public here is the one address that the operator allows: it can be reached, by the same rules."""
SITE = "http://site.test:{port}"
# Below those that the system gives: a client of another test, whose server is gone, asks no canary.
PORTS = (20_000, 30_000)
CANARY = "http://127.0.0.1:{port}/"

REFUSED = {
    # As an address, however it is spelt.
    "literal": "http://127.0.0.1:{port}/",
    "ipv6 literal": "http://[::1]:{port}/",
    "long ipv6": "http://[0:0:0:0:0:0:0:1]:{port}/",
    "decimal": "http://2130706433:{port}/",
    "hex": "http://0x7f000001:{port}/",
    "hex parts": "http://0x7f.0.0.0x1:{port}/",
    "octal": "http://017700000001:{port}/",
    "octal part": "http://0177.0.0.1:{port}/",
    "short": "http://127.1:{port}/",
    "padded": "http://127.000.000.001:{port}/",
    "zero": "http://0:{port}/",
    "this host": "http://0.0.0.0:{port}/",
    "unspecified": "http://[::]:{port}/",
    "another loopback": "http://127.255.255.254:{port}/",
    "mapped": "http://[::ffff:127.0.0.1]:{port}/",
    "mapped hex": "http://[::ffff:7f00:1]:{port}/",
    "compatible": "http://[::127.0.0.1]:{port}/",
    "translated": "http://[::ffff:0:127.0.0.1]:{port}/",
    "nat64": "http://[64:ff9b::127.0.0.1]:{port}/",
    "local nat64": "http://[64:ff9b:1::127.0.0.1]:{port}/",
    "6to4": "http://[2002:7f00:1::]:{port}/",
    "teredo": "http://[2001:0:7f00:1::80ff:fffe]:{port}/",
    "isatap": "http://[2606:4700::5efe:127.0.0.1]:{port}/",
    "full-width": "http://１２７．０．０．１:{port}/",
    "circled": "http://①②⑦.⓪.⓪.①:{port}/",
    "ideographic dots": "http://127。0。0。1:{port}/",
    "metadata": "http://169.254.169.254/latest/meta-data/",
    "ipv6 metadata": "http://[fd00:ec2::254]/latest/meta-data/",
    "azure": "http://168.63.129.16/machine?comp=goalstate",
    "oracle": "http://192.0.0.192/opc/v2/",
    # As a name.
    "name": "http://private.test:{port}/",
    "ipv6 name": "http://private6.test:{port}/",
    "name with dot": "http://private.test.:{port}/",
    "upper case": "HTTP://PRIVATE.TEST:{port}/",
    "all private": "http://private-all.test:{port}/",
    "rebinding": "http://rebinding.test:{port}/",
    "strange name": "http://_private.test:{port}/",
    "strange name over tls": "https://_private.test:{port}/",
    "emoji": "http://\U0001f600.private.test:{port}/",
    "strange rebinding": "http://-rebinding.test:{port}/",
    "redirect to a strange name": SITE + "/to-strange",
    # Where else a URL comes from.
    "redirect": SITE + "/to-literal",
    "redirect to a name": SITE + "/to-name",
    "redirect to a rebinding name": SITE + "/to-rebinding",
    "redirect without a scheme": SITE + "/to-relative",
    "second redirect": SITE + "/to-redirect",
    "refresh": SITE + "/refresh",
}
STRANGE = (
    "a_b.test",
    "-a-.test",
    "ab--c.test",
    "xn--e28h.test",
    "xn--a.test",
    "xn--1ug.test",
    "_a_.tls.test",
)
"""Names that browsers ask, and that IDNA 2008 takes for none."""
NAMES = {
    "site.test": [[PUBLIC]],
    "tls.test": [[PUBLIC]],
    "mixed.test": [[PRIVATE, PRIVATE6, PUBLIC]],
    "private.test": [[PRIVATE]],
    "private.test.": [[PRIVATE]],
    "private6.test": [[PRIVATE6]],
    "private-all.test": [[PRIVATE, PRIVATE6, "10.0.0.1", "fe80::1"]],
    "rebinding.test": [[PUBLIC], [PRIVATE]],
    **{host: [[PUBLIC]] for host in STRANGE},
    "_private.test": [[PRIVATE]],
    "xn--e28h.private.test": [[PRIVATE]],
    "-rebinding.test": [[PUBLIC], [PRIVATE]],
    "storage.test": [[PRIVATE]],
}


def other_asks(port: int, canary: str) -> dict[str, Ask]:
    """What is no plain request for a private address."""
    site, here = SITE.format(port=port), f"http://site.test:{port}"
    return {
        "mixed": Ask(f"http://mixed.test:{port}/"),
        "proxy": Ask(f"{site}/proxied", meta={"proxy": canary}),
        "proxy with password": Ask(f"{site}/proxied", meta={"proxy": canary.replace("//", "//u:p@")}),
        "bound address": Ask(f"{site}/bound", meta={"bindaddress": (PRIVATE, 0)}),
        "headers": Ask(
            f"{site}/headers",
            headers={"Host": "evil.test", "Proxy-Authorization": "x", "Connection": "Upgrade"},
        ),
        "robots": Ask(
            f"http://private.test:{port}/robots.txt",
            meta={"dont_redirect": True},
            context=RequestContext(is_site_file=True),
        ),
        "credentials": Ask(f"http://user:hunter2@site.test:{port}/"),
        "credentials only": Ask(f"http://@site.test:{port}/"),
        "redirect to credentials": Ask(f"{here}/to-credentials"),
        "redirect to a file": Ask(f"{here}/to-file"),
        **{f"strange {host}": Ask(f"http://{host}:{port}/") for host in STRANGE},
        "redirect to nothing readable": Ask(f"{here}/to-unreadable"),
        "redirect to a bracket": Ask(f"{here}/to-bracket"),
        "refresh to nothing readable": Ask(f"{here}/refresh-unreadable"),
        "backslash": Ask(f"http://site.test:{port}\\@127.0.0.1:{port}/"),
        "file": Ask("file:///etc/hostname"),
        "ftp": Ask("ftp://private.test/x"),
        "s3": Ask("s3://bucket/key"),
        "data": Ask("data:text/html,x"),
        "gopher": Ask(f"gopher://private.test:{port}/_x"),
        "port": Ask("http://8.8.8.8:22/"),
        "redis port": Ask("http://8.8.8.8:6379/"),
        "post": Ask(f"{site}/posted", method="POST", body=b"FLUSHALL"),
        "method": Ask(f"{site}/traced", method="CONNECT"),
        "body": Ask(f"{site}/get-with-body", body=b"FLUSHALL"),
    }


NOT_THE_STORAGE = {
    "a site's": Ask("http://storage.test:{port}/file"),
    "not quite signed": Ask("http://storage.test:{port}/file", meta={META_KEY: {"signed": True}}),
    "other name": Ask("http://private.test:{port}/", signed=True),
    "as an address": Ask("http://127.0.0.1:{port}/", signed=True),
    "over tls": Ask("https://storage.test:{port}/", signed=True),
    "other port": Ask("http://storage.test:{other}/", signed=True),
}


def storage_asks(port: int, other: int) -> tuple[dict[str, Ask], dict[str, Ask]]:
    """What may ask the storage; what may not, once connections to it are kept open."""
    mine = f"http://storage.test:{port}"
    signed = {name: Ask(f"{mine}/{name}", signed=True) for name in ("file", "moved")}
    others = {
        name: replace(ask, url=ask.url.format(port=port, other=other))
        for name, ask in NOT_THE_STORAGE.items()
    }
    return {"signed": signed["file"], "moved": signed["moved"]}, others


def tls_asks(stack: ExitStack, plain: int) -> dict[str, Ask]:
    """Sites over TLS; SSL_CERT_FILE becomes the one authority that is trusted."""
    ours, theirs = trustme.CA(), trustme.CA()
    trusted = stack.enter_context(ours.cert_pem.tempfile())
    stack.enter_context(pytest.MonkeyPatch.context()).setitem(os.environ, "SSL_CERT_FILE", trusted)

    def site(certificate: trustme.LeafCert, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> str:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        if newest < ssl.TLSVersion.TLSv1_2:
            context.set_ciphers("ALL:@SECLEVEL=0")
            with catch_warnings(action="ignore", category=DeprecationWarning):
                context.minimum_version = context.maximum_version = newest
        return f"https://tls.test:{stack.enter_context(RawSite({}, PUBLIC, tls=context).serving()).port}/"

    good = site(ours.issue_cert("tls.test", "*.tls.test"))
    yesterday = datetime.now(UTC) - timedelta(days=1)
    urls = {
        "trusted": good,
        "its address": good.replace("tls.test", PUBLIC),
        "strange name": good.replace("tls.test", "_a_.tls.test"),
        "strange other host": good.replace("tls.test", "a_b.test"),
        "other host": site(ours.issue_cert("other.test")),
        "nobody's": site(theirs.issue_cert("tls.test")),
        "expired": site(ours.issue_cert("tls.test", not_after=yesterday)),
        "old version": site(ours.issue_cert("tls.test"), ssl.TLSVersion.TLSv1_1),
        "no tls": f"https://tls.test:{plain}/",
    }
    proxy = {"proxy": CANARY.format(port=plain)}
    return {f"tls {name}": Ask(url) for name, url in urls.items()} | {"tls proxied": Ask(good, meta=proxy)}


@pytest.fixture(scope="module")
def told() -> Iterator["Fixture"]:
    """How each ended; the site that may be asked; canaries at its port of other addresses; the storage."""
    scripts = {
        f"/to-{name}": http(b"", f"Location: {target}", status="302 Found")
        for name, target in {
            "literal": CANARY,
            "name": "http://private.test:{port}/",
            "strange": "http://_private.test:{port}/",
            "unreadable": "http://a b.test:{port}/",
            "bracket": "http://[:{port}/",
            "rebinding": "http://rebinding2.test:{port}/",
            "relative": "//127.0.0.1:{port}/",
            "redirect": "/to-literal",
            "credentials": "http://u:p@site.test:{port}/",
            "file": "file:///etc/passwd",
        }.items()
    }
    with ExitStack() as stack:
        routes: dict[str, bytes] = {}
        site = stack.enter_context(RawSite(routes, PUBLIC, randrange(*PORTS)).serving())  # noqa: S311
        refresh = f'<meta http-equiv="refresh" content="0;url={CANARY}">'
        routes["/refresh"] = http(refresh.format(port=site.port).encode(), "Content-Type: text/html")
        routes["/refresh-unreadable"] = http(
            b'<meta http-equiv="refresh" content="0;url=http://[/">', "Content-Type: text/html"
        )
        port = str(site.port).encode()
        routes.update({path: answer.replace(b"{port}", port) for path, answer in scripts.items()})
        canaries = tuple(
            stack.enter_context(RawSite({}, address, site.port).serving())
            for address in (PRIVATE, PRIVATE6, "127.255.255.254")
        )
        asks = {name: Ask(url.format(port=site.port)) for name, url in REFUSED.items()}
        canary = CANARY.format(port=site.port)
        storage = stack.enter_context(
            RawSite({"/moved": http(b"", "Location: /file", status="302 Found")}, PRIVATE).serving()
        )
        signed, others = storage_asks(storage.port, site.port)
        no_tls = stack.enter_context(RawSite({}, PUBLIC, greeting=b"220 hello\r\n").serving())
        over_tls = tls_asks(stack, no_tls.port)
        with pytest.MonkeyPatch.context() as patch:
            for variable in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
                patch.setitem(os.environ, variable, canary)
            answers = {**NAMES, "rebinding2.test": [[PUBLIC], [PRIVATE]]}
            found = asked(
                [asks, other_asks(site.port, canary), over_tls, signed, others],
                answers,
                SSRF_ALLOWED_NETWORKS=(ip_network(f"{PUBLIC}/32"),),
                S3_ENDPOINT_URL=f"http://storage.test:{storage.port}/storage/v1/s3",
                DNS_KEPT_SECONDS=0.0,  # each look is another answer: the policy's and the one that is dialled
            )
        yield found.told, site, canaries, storage


Fixture = tuple[dict[str, Told], RawSite, tuple[RawSite, ...], RawSite]


@pytest.mark.parametrize("name", REFUSED)
def test_private_addresses_are_refused(told: Fixture, name: str) -> None:
    """However an address that is not public is spelt, found or led to, the request is refused, and why."""
    assert told[0][name].ending == "refused address", told[0][name]


@pytest.mark.parametrize(
    ("name", "ending"),
    {
        "mixed": "ok 200",
        "proxy": "ok 200",
        "proxy with password": "ok 200",
        "bound address": "ok 200",
        "headers": "ok 200",
        "robots": "refused address",
        "credentials": "refused credentials",
        "credentials only": "refused credentials",
        "redirect to credentials": "refused credentials",
        "redirect to a file": "dead http 302",
        **dict.fromkeys((f"strange {host}" for host in STRANGE), "ok 200"),
        "redirect to nothing readable": "refused url",
        "redirect to a bracket": "refused url",
        "refresh to nothing readable": "refused url",
        "backslash": "ok 200",
        "file": "refused scheme",
        "ftp": "refused scheme",
        "s3": "refused scheme",
        "data": "refused scheme",
        "gopher": "refused scheme",
        "port": "refused port",
        "redis port": "refused port",
        "post": "refused method",
        "method": "refused method",
        "body": "refused method",
    }.items(),
)
def test_other_tricks(told: Fixture, name: str, ending: str) -> None:
    """What is no plain request for a public http(s) URL is refused; with a proxy named it goes straight."""
    assert told[0][name].ending == ending, told[0][name]


def test_no_canary_was_asked(told: Fixture) -> None:
    """None of all this opened one connection to another address than the site's."""
    assert [(canary.connections, canary.heads) for canary in told[2]] == [(0, [])] * 3
    assert told[1].connections > 0


def test_what_left(told: Fixture) -> None:
    """A request says the host that it was made for, and nothing of proxies."""
    (head,) = (head for head in told[1].heads if head.startswith(b"GET /headers "))
    fields = head.lower().split(b"\r\n")[1:]
    assert b"host: site.test:%d" % told[1].port in fields
    assert not [field for field in fields if field.startswith((b"proxy-", b"connection:"))]
    assert b"hunter2" not in b"".join(told[1].heads)


def test_the_storage_and_nobody_else(told: Fixture) -> None:
    """The operator's own storage is asked though it is private, by what we signed, at its origin alone."""
    heard = told[0]
    assert heard["signed"].ending == "ok 200"
    assert {name: heard[name].ending for name in ("moved", *NOT_THE_STORAGE)} == dict.fromkeys(
        ("moved", *NOT_THE_STORAGE), "refused address"
    )
    assert sorted(head.split()[1] for head in told[3].heads) == [b"/file", b"/moved"]


@pytest.mark.parametrize(
    ("name", "ending"),
    {
        "trusted": "ok 200",
        "proxied": "ok 200",
        "strange name": "ok 200",
        "strange other host": "refused tls",
        "other host": "refused tls",
        "its address": "refused tls",
        "nobody's": "refused tls",
        "expired": "refused tls",
        "old version": "refused tls",
        "no tls": "refused tls",
    }.items(),
)
def test_tls(told: Fixture, name: str, ending: str) -> None:
    """A certificate must be somebody's, for this host and of today; the version 1.2 or later."""
    assert told[0][f"tls {name}"].ending == ending, told[0][f"tls {name}"]
