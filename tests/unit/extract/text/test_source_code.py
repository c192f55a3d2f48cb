"""Source files are recognised by name or type, and become one fence that nothing in them closes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from alonchat_crawl.extract.chunks.syntax import Syntax, syntax
from alonchat_crawl.extract.text.source_code import LANGUAGES, as_markdown, language_of, named_language


@pytest.mark.parametrize(
    ("url", "media_type", "language"),
    [
        ("https://x.org/a/b.py", "text/plain", "python"),
        ("https://x.org/a%20b.PY?raw=1#L3", "text/plain", "python"),
        ("https://x.org/b.rs", "application/octet-stream", "rust"),
        ("https://x.org/b.go", "", "go"),
        ("https://x.org/b", "text/x-python", "python"),
        ("https://x.org/b", "Text/X-CSRC", "c"),
        ("https://x.org/b.hpp", "text/x-csrc", "cpp"),
        ("https://x.org/b", "text/x-c++src", "cpp"),
        ("https://x.org/b", "application/javascript", "javascript"),
        ("https://x.org/b", "text/ecmascript", "javascript"),
        ("https://x.org/b.ts", "video/mp2t", "typescript"),
        ("https://x.org/b.ts", "application/typescript", "typescript"),
        ("https://x.org/b", "application/x-sh", "bash"),
        ("https://x.org/b", "application/x-httpd-php", "php"),
        ("https://x.org/b", "text/x-java-source", "java"),
        # None of these is a source file.
        ("https://x.org/b.py", "text/html", None),
        ("https://x.org/b.php", "text/html", None),
        ("https://x.org/b.js", "image/png", None),
        ("https://x.org/b.mkv", "video/mp2t", None),
        ("https://x.org/b.txt", "text/plain", None),
        ("https://x.org/py", "text/plain", None),
        ("https://x.org/.py", "text/plain", None),
        ("https://x.org/b.py/", "text/css", None),
        ("https://x.org/b", "application/json", None),
        ("https://x.py", "text/plain", None),
        ("", "", None),
        ("https://x.org/b", "text/" + "x" * 9999, None),
    ],
)
def test_language_of(url: str, media_type: str, language: str | None) -> None:
    """The file's name decides, where its type does not speak against; then the type."""
    assert language_of(url, media_type) == language


@pytest.mark.parametrize(
    ("info", "language"),
    [
        ("python", "python"),
        ("Py title='x'", "python"),
        ("{.js .numberLines}", "javascript"),
        ("language-c++", "cpp"),
        ("c#", "csharp"),
        ("ts{1,3}", "typescript"),
        ("rust,ignore", "rust"),
        ("sh", "bash"),
        ("", None),
        ("text", None),
        ("pythonic", None),
        ("{", None),
        (", {", None),
    ],
)
def test_named_language(info: str, language: str | None) -> None:
    """An info string's first word names the language, as the common generators write it."""
    assert named_language(info) == language


@given(st.text(alphabet="`~ \t>\nx#é", max_size=60), st.sampled_from(sorted(LANGUAGES)))
def test_as_markdown_is_one_fence(code: str, language: str) -> None:
    """A renderer sees one block of code, with all the code in it, whatever fences the code shows."""
    (token,) = MarkdownIt("commonmark").parse(as_markdown(code, language))
    assert (token.type, token.info) == ("fence", language)
    assert token.content.strip("\n").rstrip() == code.strip("\n").rstrip()


EXAMPLES = {
    "bash": "f() {\n  echo 1\n}",
    "c": "static int *f(int a)\n{\n  return 0;\n}",
    "cpp": "int C::f() {\n  return 0;\n}",
    "csharp": "class f {\n  int a;\n}",
    "go": "func f() {\n\treturn\n}",
    "java": "class f {\n  int a;\n}",
    "javascript": "function f() {\n  return 0;\n}",
    "kotlin": "fun f() {\n  return\n}",
    "lua": "function f()\n  return 0\nend",
    "php": "<?php\nfunction f() {\n  return 0;\n}",
    "python": "def f():\n    pass",
    "ruby": "def f\n  0\nend",
    "rust": "fn f() {\n  0;\n}",
    "scala": "object f {\n  val a = 0\n}",
    "swift": "func f() {\n  return\n}",
    "tsx": "function f() {\n  return <a />;\n}",
    "typescript": "function f(): void {\n  return;\n}",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_is_parsed(language: str) -> None:
    """Each language has its grammar, which finds a definition and where it is."""
    code = f"{EXAMPLES[language]}\n{EXAMPLES[language].removeprefix('<?php')}".encode()
    found = syntax(code, language)
    assert [symbol.name.removeprefix("C::") for symbol in found.symbols] == ["f", "f"]
    second = found.symbols[1].first
    assert found.depths[second] < found.depths[second + 1]
    assert len(found.depths) == code.count(b"\n") + 1


@pytest.mark.parametrize("language", [None, "python", "javascript", "c"])
@given(code=st.text(alphabet="(){}[]\"'\\\n\t dclasef:;=é/*#", max_size=200))
def test_broken_code(language: str | None, code: str) -> None:
    """Code that no grammar accepts has a depth for every line all the same."""
    found = syntax(code.encode(), language)
    assert isinstance(found, Syntax)
    assert len(found.depths) == code.count("\n") + 1
    assert min(found.depths) >= 0


def test_indentation_tells() -> None:
    """Without a grammar the indentation does; a closing brace belongs to what it closes."""
    assert list(syntax(b"a {\n  b\n\n\tc\n}\nd", None).depths) == [0, 1, 1, 2, 1, 0]
