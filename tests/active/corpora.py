"""Hostile documents from folders that are not part of this repository.

Where to get them (github.com); give `make active` the folder that is named:

  corpus                            folder                          what is read of it
  cure53/DOMPurify                  test/fixtures                   strings of expect.mjs
  cure53/H5SC                       (all)                           strings of items.js, payloads of the rest
  PortSwigger/xss-cheatsheet-data   json                            strings of its JSON
  payloadbox/xss-payload-list       Intruder                        lines
  swisskyrepo/PayloadsAllTheThings  XSS Injection                   lines of .txt, whole .md, .svg, .html
  html5lib/html5lib-tests           tree-construction, tokenizer    #data of .dat, inputs of .test
  commonmark/commonmark-spec        (all)                           examples of spec.txt
  github/cmark-gfm                  test                            examples of its specs
  markdown-it/markdown-it           test                            examples of its fixtures, strings of tests
  markedjs/marked                   test                            whole .md, strings of tests
  showdownjs/showdown               test                            whole .md and .html, strings of tests
  micromark/micromark               test                            strings of its tests
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

MAX_CHARS = 100_000  # of a payload; specifications are read by their examples
SPECIAL = re.compile(r"[<>\[\]`~&|:\\#*_=!(@$]")
EXAMPLE = re.compile(r"^`{10,} *example[^\n]*\n(.*?)^\.\n.*?^`{10,} *$", re.MULTILINE | re.DOTALL)
DOTTED = re.compile(r"^\.\n(.*?)^\.\n.*?^\.$", re.MULTILINE | re.DOTALL)
DATA = re.compile(r"^#data\n(.*?)\n#errors", re.MULTILINE | re.DOTALL)
QUOTED = re.compile(r"'((?:[^'\\\n]|\\.)*)'|\"((?:[^\"\\\n]|\\.)*)\"|`((?:[^`\\]|\\.)*)`", re.DOTALL)
ESCAPE = re.compile(r"\\(?:u\{([0-9a-fA-F]+)\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
LETTERS = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": ""}


def payloads(folder: Path) -> Iterator[str]:
    """Yield each document of a folder, or of a file, once."""
    seen: set[str] = set()
    for path in sorted(folder.rglob("*")) if folder.is_dir() else [folder]:
        read = READERS.get(path.suffix.lower())
        if read is None or not path.is_file() or "node_modules" in path.parts:
            continue
        text = path.read_bytes().decode(errors="replace")
        for payload in read(text):
            if SPECIAL.search(payload) and len(payload) <= MAX_CHARS and payload not in seen:
                seen.add(payload)
                yield payload


def _whole(text: str) -> Iterator[str]:
    yield text


def _listed(text: str) -> Iterator[str]:
    """Yield a specification's examples, or else lines."""
    for example in (EXAMPLE, DOTTED):
        found = example.findall(text)
        if found:
            yield from (each.replace("→", "\t") for each in found)
            return
    yield text
    yield from text.splitlines()


def _data(text: str) -> Iterator[str]:
    yield from DATA.findall(text)


def _json(text: str) -> Iterator[str]:
    try:
        yield from _strings(json.loads(text))
    except ValueError:
        yield text


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        yield _unescaped(value)  # html5lib's doubleEscaped
    elif isinstance(value, dict):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)


def _quoted(text: str) -> Iterator[str]:
    """Yield the string literals of a program in JavaScript."""
    for match in QUOTED.finditer(text):
        yield _unescaped(match[match.lastindex or 0])


def _unescaped(text: str) -> str:
    def one(match: re.Match[str]) -> str:
        code = match[1] or match[2] or match[3]
        if code is None:
            return LETTERS.get(match[4], match[4])
        value = int(code, 16)
        return chr(value) if value <= 0x10FFFF and not 0xD800 <= value < 0xE000 else "\ufffd"

    return ESCAPE.sub(one, text)


READERS: dict[str, Callable[[str], Iterator[str]]] = {
    ".txt": _listed,
    ".md": _whole,
    ".html": _whole,
    ".htm": _whole,
    ".xhtml": _whole,
    ".svg": _whole,
    ".xml": _whole,
    ".vml": _whole,
    ".dat": _data,
    ".test": _json,
    ".json": _json,
    ".js": _quoted,
    ".mjs": _quoted,
    ".cjs": _quoted,
    ".ts": _quoted,
}
