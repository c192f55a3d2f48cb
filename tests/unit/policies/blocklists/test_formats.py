"""Lines of blocklists: what each format means, what is no rule, and what would block far too much."""

from ipaddress import ip_address
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alonchat_crawl.policies.blocklists.formats import _CANONICAL, read_line
from alonchat_crawl.policies.blocklists.reader import ListReader
from alonchat_crawl.policies.blocklists.rule import (
    LineError,
    TooWideError,
    UnreadableLineError,
    UnsupportedLineError,
)
from alonchat_crawl.policies.blocklists.rule_set import RuleSet, Target
from alonchat_crawl.urls import canonical_url

HAUS = (
    '"2","2026-11-24 10:00:00","{}","online","","malware_download","elf",'
    '"https://urlhaus.abuse.ch/url/2/","anonymous"'
)


def made_of(*lines: str) -> RuleSet:
    """Return the list of some lines."""
    reader = ListReader()
    reader.read(lines)
    return reader.finish()


def blocks(rules: RuleSet, url: str) -> bool:
    """Whether a list blocks a URL, which need not be canonical."""
    canonical = canonical_url(url)
    assert canonical is not None, url
    return rules.match(Target.of_url(canonical)) is not None


@pytest.mark.parametrize(
    ("line", "blocked", "free"),
    [
        # Hosts files: that host and no other.
        ("0.0.0.0 bad.example", "http://bad.example/a", "http://www.bad.example/"),
        ("127.0.0.1\tbad.example\t# ads", "https://bad.example:8443/", "http://notbad.example/"),
        ("::1 bad.example", "http://bad.example/", "http://example/"),
        ("0 BAD.example.", "http://bad.example/", "http://b.bad.example/"),
        ("0.0.0.0 one.example two.example", "http://two.example/", "http://three.example/"),
        # Lists of domains: that name and all below it.
        ("bad.example", "http://a.b.bad.example/x?y=1", "http://notbad.example/"),
        ("bad.example # phishing", "http://bad.example/", "http://bad.example.org/"),
        ("  BAD.Example.  ", "http://www.bad.example/", "http://example/"),
        ("*.bad.example", "http://www.bad.example/", "http://xbad.example/"),
        (".bad.example", "http://bad.example/", "http://d.example/"),
        ("bücher.example", "http://xn--bcher-kva.example/", "http://bucher.example/"),
        ("xn--bcher-kva.example", "http://www.bücher.example/", "http://xn--bcher-kvb.example/"),
        ("ｂａｄ.example", "http://bad.example/", "http://ad.example/"),
        ("bad_name.example", "http://bad_name.example/", "http://badname.example/"),
        ("\ufeffbad.example\r\n", "http://bad.example/", "http://good.example/"),
        # Domains as lists for ad blockers spell them, and URLs by how they begin.
        ("||bad.example^", "https://x.bad.example/", "http://badxexample/"),
        ("||bad.example", "https://bad.example/", "http://bad.example.org/"),
        ("||*.bad.example^", "https://w.bad.example/", "http://ad.example/"),
        ("||bad.example/*", "https://bad.example/x", "http://ok.example/"),
        ("||bad.example/path*", "http://www.bad.example/pathology?q", "http://bad.example/other/path"),
        ("||bad.example/Path", "http://bad.example/path", "http://bad.example/pat"),
        ("||bad.example:8080/", "http://bad.example:8080/", "http://bad.example/"),
        ("||bad.example/ü", "http://bad.example/%C3%BC", "http://bad.example/u"),
        ("||192.0.2.7/x*", "http://192.0.2.7/xy", "http://192.0.2.7/y"),
        ("||[2001:db8::1]/x", "http://[2001:db8::1]/xy", "http://[2001:db8::1]/y"),
        # URLs, in their canonical form and whether http or https.
        ("https://bad.example/path", "http://bad.example:80/path#f", "http://bad.example/path/more"),
        ("HTTP://BAD.example/a/../b?y=1&x=2", "https://bad.example/b?x=2&y=1", "http://bad.example/b?x=2"),
        ("http://bad.example", "http://bad.example/", "http://bad.example/x"),
        ("http://bad.example/a,b", "http://bad.example/a,b", "http://bad.example/a"),
        ("http://bad.example/My File.exe", "http://bad.example/My%20File.exe", "http://bad.example/My"),
        ("bad.example/path", "https://bad.example/path", "http://bad.example/"),
        ("http://192.0.2.7:8080/bin.sh", "http://0xc0.0.2.7:8080/bin.sh", "http://192.0.2.7/bin.sh"),
        ("http://[2001:DB8::1]/x", "http://[2001:db8:0::1]/x", "http://[2001:db8::2]/x"),
        # CSV: the first URL, and never URLhaus' own page about it.
        (HAUS.format("http://bad.example/i"), "http://bad.example/i", "https://urlhaus.abuse.ch/url/2/"),
        (HAUS.format("http://192.0.2.7:1/a,b"), "http://192.0.2.7:1/a,b", "http://192.0.2.7:1/a"),
        ("7,http://bad.example/p,https://p.example/7", "http://bad.example/p", "https://p.example/7"),
        # Networks.
        ("192.0.2.0/24 ; SBL1", "http://192.0.2.255/", "http://192.0.3.0/"),
        ("192.0.2.7", "http://3221225991/", "http://192.0.2.8/"),
        ("192.0.2.7/24", "http://192.0.2.1/", "http://192.0.1.255/"),
        ("2001:db8::/32", "http://[2001:db8:1::1]/", "http://[2001:db9::1]/"),
        ("::ffff:192.0.2.0/120", "http://192.0.2.9/", "http://192.0.3.9/"),
        ("192.0.2.7", "http://[::ffff:192.0.2.7]/", "http://[::ffff:192.0.2.8]/"),
        ("192.0.2.7", "http://[64:ff9b::192.0.2.7]/", "http://[64:ff9b::192.0.2.8]/"),
        ("192.0.2.7", "http://[2002:c000:207::1]/", "http://[2002:c000:208::1]/"),
        ("||192.0.2.7^", "http://192.0.2.7:81/", "http://192.0.2.70/"),
        ("0.0.0.0 192.0.2.7", "http://192.0.2.7/", "http://0.0.0.1/"),
        # A company's suffix: that host, unless all below it is meant on purpose.
        ("github.io", "http://github.io/", "http://someone.github.io/"),
        ("||github.io^", "http://someone.github.io/", "http://github.com/"),
        ("*.github.io", "http://someone.github.io/", "http://github.com/"),
        ("0.0.0.0 someone.github.io", "http://someone.github.io/", "http://other.github.io/"),
    ],
)  # fmt: skip
def test_what_a_line_blocks(line: str, blocked: str, free: str) -> None:
    """Each format's line blocks what it means, and not what only looks like it."""
    rules = made_of(line)
    assert blocks(rules, blocked)
    assert not blocks(rules, free)


@pytest.mark.parametrize(
    ("exception", "free"),
    [
        ("@@||ok.bad.example^", "http://www.ok.bad.example/"),
        ("@@0.0.0.0 ok.bad.example", "http://ok.bad.example/"),
        ("@@||bad.example/fine*", "http://bad.example/fine/page"),
        ("@@https://bad.example/one", "https://bad.example/one"),
        ("@@192.0.2.7", "http://192.0.2.7/"),
    ],
)
def test_exceptions(exception: str, free: str) -> None:
    """An exception frees what it holds for, and leaves the rest blocked; alone it blocks nothing."""
    rules = made_of(exception, "bad.example", "192.0.2.0/24")
    assert not blocks(rules, free)
    assert blocks(rules, "http://bad.example/")
    assert blocks(rules, "http://192.0.2.8/")
    assert not blocks(made_of(exception), free)


@pytest.mark.parametrize(
    "line",
    ["", "  \r\n", "# a comment", "! a comment", "; a comment", "// a comment", "[Adblock Plus 2.0]",
     "\ufeff", "##.advert", "127.0.0.1 localhost", "::1 ip6-localhost ip6-loopback",
     "127.0.0.1 broadcasthost"],
)  # fmt: skip
def test_lines_without_a_rule(line: str) -> None:
    """Comments, headers and every hosts file's own names are neither rules nor faults."""
    assert list(read_line(line)) == []


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        *((line, TooWideError) for line in (
            "com", "co.uk", "UK", "рф", "xn--p1ai", "*.com", "||com^", "||co.uk^", "0.0.0.0 com",
            "@@com", "foo.ck", "kawasaki.jp", "x.kawasaki.jp", "||com/path", "0.0.0.0/0", "::/0", "1.0.0.0/7",
            "0.0.0.0/1", "2000::/3", "::ffff:0:0/96", "64:ff9b::/96", "::ffff:0.0.0.0/97",
        )),
        *((line, UnsupportedLineError) for line in (
            "||bad.example^$third-party", "||bad.exam*ple.com^", "||bad.example*/x",
            "||bad.example^$script,domain=x.example", "bad.example##.advert",
            "bad.example#@#.advert", "bad.example#?#div", "|https://bad.example/x", "||bad*.example^", "||^",
            "||bad.example^$badfilter", "||bad.example^$popup", "||bad.example^$~document",
            "||bad.example^$doc,3p", "||bad.example^$important", "||bad.example^$document",
            "||bad.example/a*z", "||bad.example/a^", "||bad.example/x.exe|", "||bad.example/*.exe",
            "||bad.example^path", "||bad.example##.advert",
            "bad.example#$#body { color: red }", "||*^",
        )),
        *((line, UnreadableLineError) for line in (
            "two words", "bad..example", "-bad.example", "bad.example:80", "192.0.2.999", "1.2.3", "123456",
            "0x7f.1", "192.0.2.0/33", "fe80::1%eth0", "http://", "http:///x", "https://user:pw@bad.example/",
            "ftp://bad.example/", "192.0.2.1 real.example", "<!DOCTYPE html>", "<p>Not found</p>", "word",
            "\x00\x01\x02", "\ud800.example", "a" * 64 + ".example", "a." * 127 + "example", "id,url,other",
            '"unclosed,http://x', "||bad.example/a b", "javascript:alert(1)", "bad.example?x", "?.example",
            "||-bad.example^", "@@", "||bad.example/" + "x" * 501, "||bad.example\x00/",
        )),
    ],
)  # fmt: skip
def test_lines_of_which_no_rule_is_made(line: str, fault: type[LineError]) -> None:
    """What would block the Internet, what is for ad blockers, and what is junk are told apart."""
    with pytest.raises(fault):
        read_line(line)


LABELS = st.sampled_from(
    ["bad", "a", "www", "xn--bcher-kva", "bücher", "b-c", "x_1", "ｂ", "1", "0x7f", "-", ""]
)
HOSTS = st.builds(lambda labels, end: ".".join([*labels, end]), st.lists(LABELS, max_size=4),
                  st.sampled_from(["example", "co.uk", "com", "EXAMPLE.", "github.io", "1"]))  # fmt: skip
LINES = st.one_of(
    st.text(max_size=40),
    st.text("|@$^*/.:#,;! \t0127abc[]-_%\"'é\x00\ud800", max_size=30),
    HOSTS,
    st.builds("{}{}{}".format, st.sampled_from(["||", "@@||", "http://", "0.0.0.0 ", "@@", "*."]), HOSTS,
              st.text("/^*|?=&$.,:abcé% ", max_size=12)),
    st.ip_addresses().map(str),
    st.builds("{}/{}".format, st.ip_addresses(), st.integers(0, 140)),
)  # fmt: skip


@settings(deadline=None)
@given(LINES)
@example("||bad.example/a$doc$doc")
def test_any_line(line: str) -> None:
    """No line raises anything but LineError; a rule written down is read as the same rule."""
    try:
        rules = read_line(line)
    except LineError:
        return
    for rule in rules:
        assert list(read_line(str(rule))) == [rule]


@settings(max_examples=40, deadline=None)
@given(st.from_regex(_CANONICAL, fullmatch=True))
def test_urls_taken_for_canonical(url: str) -> None:
    """A URL that is taken as it is has no other canonical form."""
    assert canonical_url(url) == url


@settings(max_examples=50, deadline=None)
@given(st.ip_addresses(v=4), st.integers(8, 32), st.ip_addresses(v=4))
def test_networks_agree_with_the_standard_library(first: object, prefix: int, asked: object) -> None:
    """A CIDR blocks exactly the addresses that share its prefix."""
    shift = 32 - prefix
    same = int(ip_address(str(first))) >> shift == int(ip_address(str(asked))) >> shift
    assert blocks(made_of(f"{first}/{prefix}"), f"http://{asked}/") is same
    assert urlsplit(f"http://{asked}/").hostname == str(asked)
