"""Which addresses and ports may be dialled, in every spelling: tables to read through, and properties."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy import Request
from scrapy.settings import Settings

from alonchat_crawl.errors import Refused
from alonchat_crawl.fetch.address_rules import AddressRules, Storage, check_url, dialable
from alonchat_crawl.fetch.public_addresses import (
    MAPPED,
    NAT64,
    dialled_address,
    dialled_network,
    ipv4_inside,
    is_public,
)
from alonchat_crawl.fetch.request_context import META_KEY, RequestContext
from alonchat_crawl.urls import canonical_url, origin_parts


def words(text: str) -> list[str]:
    """Take a table of one word after the other."""
    return text.split()


PUBLIC = words("""
    1.0.0.0 1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 93.184.216.34 100.63.255.255 100.128.0.0 126.255.255.255
    128.0.0.0 168.63.129.15 168.63.129.17 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0
    191.255.255.255 192.0.1.0 192.0.3.0 192.88.98.255 192.88.100.0 192.167.255.255 192.169.0.0
    198.17.255.255 198.20.0.0 198.51.99.255 198.51.101.0 203.0.112.255 203.0.114.0 223.255.255.255 2000::1
    2001:200::1 2001:db7:ffff::1 2001:db9:: 2001:4860:4860::8888 2003::1 2606:2800:220:1:248:1893:25c8:1946
    2606:4700:4700::1111 2a00:1450:4001:80b::200e 3ffe:ffff::1 3fff:1000::1 2606:4700::5efe
    2606:4700:0:0:5efe::1 ::ffff:8.8.8.8 ::ffff:808:808 ::FFFF:8.8.8.8 0:0:0:0:0:ffff:0808:0808
    64:ff9b::808:808 64:ff9b::8.8.8.8
""")

REFUSED = words("""
    0.0.0.0 0.0.0.1 0.255.255.255 10.0.0.0 10.0.0.1 10.255.255.255 100.64.0.0 100.64.0.1 100.100.100.200
    100.127.255.255 127.0.0.0 127.0.0.1 127.0.0.53 127.1.2.3 127.255.255.254 127.255.255.255 168.63.129.16
    169.254.0.0 169.254.169.253 169.254.169.254 169.254.170.2 169.254.255.255 172.16.0.0 172.16.0.1
    172.17.0.1 172.31.255.255 192.0.0.0 192.0.0.1 192.0.0.8 192.0.0.9 192.0.0.10 192.0.0.170 192.0.0.171
    192.0.0.192 192.0.0.255 192.0.2.0 192.0.2.1 192.0.2.255 192.31.196.1 192.52.193.1 192.88.99.0
    192.88.99.1 192.88.99.255 192.168.0.0 192.168.0.1 192.168.1.1 192.168.255.255 192.175.48.1 198.18.0.0
    198.18.0.1 198.19.255.255 198.51.100.0 198.51.100.1 203.0.113.0 203.0.113.1 224.0.0.0 224.0.0.1
    239.255.255.255 240.0.0.0 240.0.0.1 254.255.255.255 255.255.255.255 :: ::1 ::2 ::127.0.0.1 ::8.8.8.8
    ::7f00:1 0:0:0:0:0:0:0:1 100:: 100::1 100:0:0:1::1 200::1 400::1 ::ffff:0.0.0.0 ::ffff:10.0.0.1
    ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:a9fe:a9fe ::ffff:169.254.169.254 ::ffff:192.168.0.1
    ::ffff:255.255.255.255 ::ffff:168.63.129.16 ::FFFF:127.0.0.1 0:0:0:0:0:ffff:7f00:0001 ::ffff:0:127.0.0.1
    ::ffff:0:8.8.8.8 64:ff9b::7f00:1 64:ff9b::127.0.0.1 64:ff9b::10.0.0.1 64:ff9b::169.254.169.254
    64:ff9b:1:: 64:ff9b:1::8.8.8.8 64:ff9b:1:ffff::1 64:ff9b:2::8.8.8.8 64:ff9b:0:0:1::1 1000::1
    1fff:ffff::1 2001:: 2001::1 2001:0:7f00:1::80ff:fffe 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:1::1
    2001:1::2 2001:2::1 2001:3::1 2001:4:112::1 2001:10::1 2001:20::1 2001:30::1 2001:1ff:ffff::1 2001:db8::
    2001:db8::1 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff 2002:: 2002:7f00:1:: 2002:7f00:0001::1
    2002:a9fe:a9fe:: 2002:c0a8:1:: 2002:808:808::808:808 2620:4f:8000::1 3fff:: 3fff::1 3fff:fff::1 4000::1
    5f00::1 8000::1 a000::1 c000::1 e000::1 f000::1 fbff::1 fc00:: fc00::1 fd00::1 fd00:ec2::254
    fd20:ce::254 fdff::1 fe00::1 fe80:: fe80::1 fe80::a9fe:a9fe fe80::1%eth0 fe80::1%1 febf::1 fec0::
    fec0::1 feff::1 ff00::1 ff01::1 ff02::1 ff02::2 ff05::1:3 ff0e::1 ffff::1
    ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 2606:4700::1%eth0 2606:4700::1%1 ::1%lo ::ffff:8.8.8.8%eth0
    2606:4700::5efe:10.0.0.1 2606:4700::200:5efe:127.0.0.1 2606:4700::5efe:8.8.8.8 fe80::5efe:192.168.0.1
    127.1 0177.0.0.1 0x7f.0.0.1 2130706433 0x7f000001 017700000001 127.0.0.1. 127.000.000.001 08.8.8.8 8.8.8
    8.8.8.8.8 256.1.1.1 8.8.8.-1 +8.8.8.8 8.8.8.8/32 8.8.8.8:80 [::1] [2606:4700::1] 2606:4700:::1
    2606:4700::1::2 12606:4700::1 ::ffff:8.8.8.256 1e1.0.0.1 ８.８.８.８ ٨.٨.٨.٨ ①.1.1.1 localhost example.com
    a::g
""")

NO_ADDRESS = [
    "",
    " ",
    "8.8.8.8 ",
    " 8.8.8.8",
    "8.8.8.8\n",
    "8.8.8.8\0",
    "8. 8.8.8",
    "::1 ",
    "\ud800",
    "no address",
]

SPELT = {  # in URLs, by what a resolver takes them for
    "127.0.0.1": words("""
        127.0.0.1 127.0.0.1. 127.1 127.0.1 127.1. 2130706433 2130706433. 0x7f000001 0X7F000001 0x7f.1
        0x7F.0x0.0x0.0x1 0x7f.0.1 017700000001 0177.1 0177.0.0.1 0177.0000.0000.0001 00000177.1
        127.000.000.001 127.0x1 0x0000007f.1 127.0.0.0x1 １２７.0.0.1 127．0．0．1 127。0。0。1
        127｡0｡0｡1 127.0.0.1。 ①②⑦.⓪.⓪.① 𝟏𝟐𝟕.0.0.1 𝟭𝟮𝟳.𝟬.𝟬.𝟭 ₁₂₇.0.0.1 ¹²⁷.0.0.1 ０ｘ７ｆ．１ ０１７７.1
        ２１３０７０６４３３ ⁰x7f.1 127.0.0.１
        12\u00ad7.0.0.1 127\u200b.0.0.1 127.0\u2060.0.1
    """),
    "0.0.0.0": words(  # noqa: S104 - must be refused
        "0 0. 0x0 00 0.0 0.0.0 0.0.0.0 000.000.000.000 ０ 0x00000000"
    ),
    "169.254.169.254": words("""
        169.254.169.254 2852039166 0xa9fea9fe 0xA9.0xFE.0xA9.0xFE 0251.0376.0251.0376 025177524776
        169.254.43518 169.16689662 0251.254.0xa9.254 １６９。２５４。１６９。２５４ ⑯⑨.254.169.254
    """),
    "10.0.0.1": words("10.0.0.1 10.1 167772161 0xa000001 012.1 0xa.0.1 ⑩.0.0.1"),
    "192.168.0.1": words("192.168.0.1 192.168.1 3232235521 0xc0a80001 0300.0250.0.1 192.11010049"),
    "[::1]": words("[::1] [0::1] [0:0:0:0:0:0:0:1] [0000:0000:0000:0000:0000:0000:0000:0001] [::0.0.0.1]"),
    "[::ffff:7f00:1]": words(
        "[::ffff:127.0.0.1] [::FFFF:7F00:1] [0:0:0:0:0:ffff:127.0.0.1] [::ffff:7f00:0001]"
    ),
    "[64:ff9b::7f00:1]": words("[64:ff9b::127.0.0.1] [64:FF9B::7f00:1] [0064:ff9b:0:0:0:0:7f00:1]"),
    "[fe80::1]": words("[fe80::1] [FE80:0::1]"),
}

NO_URL = words("""
    http:///x http:// http://.. http://./ http://[] http://[::1 http://::1/ http://[::1%25eth0]/
    http://[::1%eth0]/ http://[127.0.0.1]/ http://[::g]/ http://[::1]]/ http://[[::1]]/ http://[::1]x/
    http://[::1].com/ http://256.0.0.1/ http://1.2.3.256/ http://4294967296/ http://0x100000000/
    http://1.2.3.4.5/ http://1.16777216/ http://08/ http://1.2.3.08/ http://a.1/ http://a.0x1/
    http://127.0.0.1.1/ http://127.0.0.1.. http://%31%32%37.0.0.1/ http://127%2e0.0.1/ http://a%00b/
    http://a%2fb/ http://٣.0.0.1/ http://a..b/ http://.a/ http://xn--localhost-/ http://xn--127-.0.0.1/
    http://xn--/ http://a*b/ http://a,b/ http://a;b/ http://a|b/ http://a^b/ http://u@a/ http://u:p@a/
    http://:p@a/ http://@a/ http://:@a/ http://u%40b@a/ http://a@b@c/ https://127.0.0.1@a.com/
    http://a.com:80@127.0.0.1/ http://a.com%2f@127.0.0.1/ http://a:0/ http://a:65536/ http://a:-1/
    http://a:x/ http://a:8٠/ http://a:80:80/ //a/ /a a file:///etc/passwd file://a/b ftp://a/ ftps://a/
    gopher://a/ s3://a/b gs://a/b data:text/html,x dict://a:11211/ ldap://a/ jar:http://a!/
    javascript:alert(1) mailto:a@b.c ws://a/ wss://a/ unix:/run/x netdoc:/etc/passwd http+unix://%2Frun%2Fx/
    http:a http:/a https:a view-source:http://a/ feed:http://a/ blob:http://a/ about:blank tel:1
""")


def test_public_addresses_pass() -> None:
    """A globally reachable address may be dialled."""
    assert [address for address in PUBLIC if not is_public(address)] == []


def test_other_addresses_do_not() -> None:
    """Special ones may not, nor what stands for them, nor what is no address in its usual spelling."""
    ours = rules(("198.51.100.77/32",))
    assert [address for address in (*REFUSED, *NO_ADDRESS) if ours.refusal(address, 80) is None] == []


@pytest.mark.parametrize(
    ("address", "dialled", "inside"),
    [
        ("10.1.2.3", "10.1.2.3", None),
        ("::ffff:10.1.2.3", "10.1.2.3", "10.1.2.3"),
        ("64:ff9b::10.1.2.3", "10.1.2.3", "10.1.2.3"),
        ("2002:a01:203::1", "2002:a01:203::1", "10.1.2.3"),
        ("2001:0:4136:e378:8000:63bf:f5fe:fdfc", "2001:0:4136:e378:8000:63bf:f5fe:fdfc", "10.1.2.3"),
        ("::10.1.2.3", "::a01:203", None),
        ("2606:4700::1", "2606:4700::1", None),
    ],
)
def test_what_an_address_stands_for(address: str, dialled: str, inside: str | None) -> None:
    """A mapped or NAT64 address is dialled as IPv4; a tunnel leads to IPv4, and is not allowed for that."""
    ip = ip_address(address)
    assert str(dialled_address(ip)) == dialled
    if isinstance(ip, IPv6Address):
        found = ipv4_inside(ip)
        assert (None if found is None else str(found)) == inside
    assert (rules(("10.0.0.0/8",)).refusal(address, 22) is None) == dialled.startswith("10.")


@pytest.mark.parametrize(
    ("network", "dialled"),
    [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("64:ff9b::/96", "0.0.0.0/0"),
        ("::ffff:0:0/95", "::fffe:0:0/95"),
        ("2002:a00::/24", "2002:a00::/24"),
    ],
)
def test_what_a_network_stands_for(network: str, dialled: str) -> None:
    """A network within a prefix for IPv4 is one of IPv4; a wider one stays as it is."""
    assert dialled_network(ip_network(network, strict=False)) == ip_network(dialled)


@pytest.mark.parametrize("host", SPELT)
def test_spellings(host: str) -> None:
    """Every spelling of an address in a URL becomes the usual one, and is refused."""
    found = {spelt: canonical_url(f"http://{spelt}/") for spelt in SPELT[host]}
    assert found == dict.fromkeys(SPELT[host], f"http://{host}/")
    assert not is_public(host.strip("[]"))


def test_no_urls() -> None:
    """What names no host, no port, another scheme or a password is no URL of ours."""
    assert {url: found for url in NO_URL if (found := canonical_url(url)) is not None} == {}


def test_the_tables_are_large() -> None:
    """Over 300 forms are looked at."""
    assert len(PUBLIC) + len(REFUSED) + len(NO_URL) + sum(map(len, SPELT.values())) > 400


def spellings_of(ip: IPv4Address) -> list[str]:
    """One address as a resolver or a browser would take it."""
    number, parts = int(ip), [int(part) for part in str(ip).split(".")]
    a, b, c, d = parts
    return [
        str(number),
        hex(number),
        f"0{number:o}",
        f"{a}.{b}.{c << 8 | d}",
        f"{a}.{b << 16 | c << 8 | d}",
        ".".join(map(hex, parts)),
        ".".join(f"0{part:o}" for part in parts),
        f"{a:#x}.0{b:o}.{c}.{d:#X}",
        str(ip).translate(str.maketrans("0123456789.", "０１２３４５６７８９。")),
        f"{ip}.",
    ]


@given(st.ip_addresses(v=4))
def test_every_spelling_has_one_verdict(ip: IPv4Address) -> None:
    """However an IPv4 address is spelt, also inside an IPv6 one that leads there, the verdict is the same."""
    verdict = is_public(str(ip))
    for spelt in spellings_of(ip):
        url = canonical_url(f"http://{spelt}/")
        assert url is not None
        assert is_public(urlsplit(url).hostname or "") == verdict
    for prefix in ("::ffff:", "64:ff9b::"):
        assert is_public(f"{prefix}{ip}") == verdict
    assert not is_public(f"::{ip}")
    assert not is_public(f"64:ff9b:1::{ip}")
    assert not is_public(f"2a00:1450::5efe:{ip}")
    assert not is_public(str(IPv6Address(0x2002 << 112 | int(ip) << 80)))


@given(st.one_of(st.ip_addresses(), st.integers(0, 2**32 - 1).map(IPv4Address)))
def test_no_laxer_than_python(ip: IPv4Address | IPv6Address) -> None:
    """What Python's own table takes for private is private here."""
    if is_public(str(ip)) and not any(ip in network for network in (MAPPED, NAT64)):
        assert ip.is_global
        assert not any((ip.is_multicast, ip.is_reserved, ip.is_loopback, ip.is_unspecified, ip.is_link_local))


@given(st.text())
def test_no_text_raises(text: str) -> None:
    """What is no address may not be dialled, and asking is safe."""
    if is_public(text):
        assert str(ip_address(text)).lower() == ip_address(text).compressed


HOSTILE = st.text("abc.@:/\\#?%[]0x17 \t\n\r。．①ａ\u00ad\u200b-_~;,&=+\0é")
URLS = st.builds(
    "{}{}{}".format,
    st.sampled_from(
        ("http://", "https://", "HTTP:\\\\", "http:/", "//", "file://", "ht\ntp://", "javascript:")
    ),
    HOSTILE,
    st.sampled_from(("", "/", "@127.0.0.1/", ":6379/", "?@a", "#@b", "/..//../x")),
)


@given(URLS)
def test_canonical_urls_are_plain(url: str) -> None:
    """A canonical URL is its own canonical form: http or https, an ASCII host, no password."""
    found = canonical_url(url)
    if found is None:
        return
    assert canonical_url(found) == found
    parts = urlsplit(found)
    assert parts.scheme in {"http", "https"}
    assert parts.hostname
    assert found.isascii()
    assert not set(parts.netloc) & set("@\\%?# ")
    check_url(found)


def rules(allowed: tuple[str, ...] = (), ports: tuple[int, ...] = (80, 443)) -> AddressRules:
    """Rules without settings."""
    return AddressRules([ip_network(network) for network in allowed], frozenset(ports))


def test_allowed_networks() -> None:
    """A network that the operator allowed may be dialled at every port, and no other network."""
    ours = rules(("10.1.0.0/16", "::1/128", "fe80::/10"))
    for address in ("10.1.2.3", "::1", "::ffff:10.1.2.3", "64:ff9b::10.1.2.3", "fe80::1%eth0"):
        assert ours.refusal(address, 6379) is None
    for address in ("10.2.0.1", "127.0.0.1", "::ffff:10.2.0.1", "::10.1.2.3", "fec0::1"):
        assert str(ours.refusal(address, 80)).startswith(f"{address} is not public")


@pytest.mark.parametrize(
    ("address", "port", "reason"),
    [
        ("8.8.8.8", 80, ""),
        ("8.8.8.8", 443, ""),
        ("8.8.8.8", None, ""),
        ("8.8.8.8", 22, "port"),
        ("8.8.8.8", 25, "port"),
        ("8.8.8.8", 0, "port"),
        ("10.0.0.1", 22, "address"),
        ("10.0.0.1", None, "address"),
        ("9.9.9.9", 80, "blocklist"),
        ("127.0.0.9", 80, "blocklist"),
        ("127.0.0.8", 80, ""),
    ],
)
def test_refusals(address: str, port: int | None, reason: str) -> None:
    """A blocked address is refused also where its network is allowed; the reason is a word."""
    ours = rules(("127.0.0.0/8",))
    ours.blocked = {"9.9.9.9", "127.0.0.9"}.__contains__
    refused = ours.refusal(address, port)
    assert (refused.reason if refused else "") == reason


def test_a_guard_without_settings_lets_nothing_pass() -> None:
    """Forgotten settings are no permission."""
    assert AddressRules.from_settings(Settings()).refusal("8.8.8.8", 80) is not None


def test_dialable() -> None:
    """Of several addresses those that may be dialled are; where none may, the first says why."""
    ours = rules()
    assert dialable("a.test", ("10.0.0.1", "8.8.8.8", "::1"), 80, ours) == ("8.8.8.8",)
    with pytest.raises(Refused, match=r"a\.test is at 10\.0\.0\.1, ::1: 10\.0\.0\.1 is not public"):
        dialable("a.test", ("10.0.0.1", "::1"), 80, ours)


@pytest.mark.parametrize(
    ("url", "signed", "meta", "own"),
    [
        (
            "http://minio:9000/bucket/key?X-Amz-Signature=x",
            "http://minio:9000/bucket/key?X-Amz-Signature=x",
            {},
            True,
        ),
        ("http://MINIO:9000/", "http://minio:9000/", {}, True),
        ("http://minio:9000/", "", {}, False),
        ("http://minio:9000/", "http://minio:9000/other", {}, False),
        ("http://minio:9000/", "", {META_KEY: {"signed_url": "http://minio:9000/"}}, False),
        ("http://minio:9000/", "", {META_KEY: "http://minio:9000/"}, False),
        ("http://minio:9000/", "http://minio:9000/", {"redirect_times": 1}, False),
        ("http://minio:9001/", "http://minio:9001/", {}, False),
        ("http://minio/", "http://minio/", {}, False),
        ("https://minio:9000/", "https://minio:9000/", {}, False),
        ("http://minio.evil.com:9000/", "http://minio.evil.com:9000/", {}, False),
        ("http://127.0.0.1:9000/", "http://127.0.0.1:9000/", {}, False),
    ],
)
def test_the_storage(url: str, signed: str, meta: dict[str, Any], own: bool) -> None:  # noqa: FBT001
    """The operator's own storage has a guard of its own, for URLs that we signed, at its origin alone."""
    storage = Storage(origin_parts("http://minio:9000/storage/v1/s3"))
    ours = AddressRules((), frozenset({80}), storage)
    request = Request(url, meta={**RequestContext(signed_url=signed).as_meta(), **meta})
    assert ours.guard_of(request) is (storage if own else ours)
    assert storage.refusal("10.0.0.1", 9000) is None
    assert storage.refusal("10.0.0.1", 6379) is not None
