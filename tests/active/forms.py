"""The forms in which a page may bring a payload."""

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from io import StringIO

URL = "https://site.example/docs/page"
WORDS = "The kettle is filled with fresh water and stands on its base until it boils. "
FILLER = f"<p>{WORDS}</p>"


@dataclass(frozen=True, slots=True)
class Source:
    """A page or file as a site would send it."""

    media_type: str
    """As of items.Page; empty where a reader of files decides."""
    text: str
    name: str = ""
    """Of a file."""
    url: str = URL


def _page(body: str, head: str = "") -> Source:
    whole = f"<head>{head}</head><body><main>{body}</main></body>"
    return Source("text/html", f"<!doctype html><html>{whole}</html>")


def _escaped(payload: str) -> Source:
    return _page(f"<h1>Tea</h1>{FILLER}<p>{escape(payload)}</p>{FILLER}{escape(payload)}")


def _twice(payload: str) -> Source:
    text = escape(escape(payload))
    return _page(f"<h1>Tea</h1>{FILLER}<p>{text}</p><div>{text}</div>")


def _raw(payload: str) -> Source:
    return _page(f"<h1>Tea</h1>{FILLER}<div>{payload}</div>{FILLER}")


def _pre(payload: str) -> Source:
    text = escape(payload)
    return _page(
        f"<h1>Tea</h1>{FILLER}<pre><code>{text}</code></pre><p>and <code>{text}</code> too</p>"
        f'<ul><li>x<pre class="language-{text}">{text}</pre></li></ul>'
        f"<blockquote><pre>{text}</pre></blockquote>"
    )


def _cells(payload: str) -> Source:
    text = escape(payload)
    half, rest = escape(payload[: len(payload) // 2]), escape(payload[len(payload) // 2 :])
    return _page(
        f"{FILLER}<table><tr><th>{text}</th><th>b</th></tr><tr><td>{text}</td><td><code>{text}</code></td></tr>"
        f"<tr><td>{half}</td><td>{rest}</td></tr></table>"
        f"<dl><dt>{text}</dt><dd>{text}</dd></dl><ul><li>{text}</li><li>{half}<ul><li>{rest}</li></ul></li></ul>"
    )


def _names(payload: str) -> Source:
    text = escape(payload)
    return _page(
        f"<h1>{text}</h1>{FILLER}<h2>{text}</h2><p>see <a href='{text}' title='{text}'>{text}</a>, "
        f"<a href='https://a.example/{text}'>one</a> <a href='https://b.example/'>{text}</a> "
        f"<a href='mailto:{text}'>m</a> <img alt='{text}' src='{text}' title='{text}'> "
        f"<b>{text}</b> <em>{text}</em></p>{FILLER}<h3>{text}</h3>{FILLER}",
        f"<title>{text}</title><meta name=description content='{text}'><link rel=canonical href='{text}'>",
    )


def _split(payload: str) -> Source:
    """Halves in two paragraphs and in two inline elements; its lines kept by <br>, and as paragraphs."""
    middle = len(payload) // 2
    half, rest = escape(payload[:middle]), escape(payload[middle:])
    lines = escape(payload).splitlines()
    return _page(
        f"<h1>Tea</h1>{FILLER}<p>{half}</p><p>{rest}</p>{FILLER}<p>{'<br>'.join(lines)}</p>"
        f"{''.join(f'<p>{line}</p>' for line in lines[1:] and lines)}"
        f"<p><b>{half}</b>{rest} <a href='https://a.example/'>{half}</a>{rest} <code>{half}</code>{rest}</p>"
    )


def _blocks(payload: str) -> Source:
    """Between blocks that begin something: a list, a quote, a heading, code."""
    text = escape(payload)
    return _page(
        f"{FILLER}<ol><li>a</li></ol>{text}<blockquote>b</blockquote>{text}<pre>c</pre>{text}<hr>{text}"
        f"<blockquote><ul><li>{text}<p>{text}</p></li></ul>{text}</blockquote>"
    )


def _text(payload: str) -> Source:
    return Source("text/plain", payload)


def _markdown(payload: str) -> Source:
    return Source("text/markdown", payload)


def _code(payload: str) -> Source:
    return Source("text/x-python", f"def tea():\n    '''{payload}'''\n\n{payload}\n", url=f"{URL}.py")


def _table(payload: str) -> Source:
    out = StringIO()
    csv.writer(out).writerows(
        [["name", payload], ["tea", payload], [payload[: len(payload) // 2], payload[len(payload) // 2 :]]]
    )
    return Source("", out.getvalue(), "tea.csv")


FORMS: Mapping[str, Callable[[str], Source]] = {
    "escaped": _escaped,
    "twice": _twice,
    "raw": _raw,
    "pre": _pre,
    "cells": _cells,
    "names": _names,
    "split": _split,
    "blocks": _blocks,
    "text": _text,
    "markdown": _markdown,
    "code": _code,
    "csv": _table,
}
