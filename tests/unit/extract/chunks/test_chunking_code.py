"""Code that no chunk holds is cut between its functions, and every part of it is a fence of its language."""

import ast
import inspect
import json.decoder
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alonchat_crawl.extract.chunks.chunking import chunk
from alonchat_crawl.extract.text.source_code import LANGUAGES, as_markdown

MINIMUM = 60
FUNCTION = "def name{0}(a, b):\n    first = a + {0}\n\n    second = b\n    return first, second\n"
CLASS = "class Name:\n\n    x = 1\n\n" + "\n".join(
    f"    @wrapped\n    def method{n}(self):\n        if x:\n\n            return {n}\n        return 0\n"
    for n in range(12)
)


def code_of(content: str) -> str:
    """Return what is in a chunk that is one fence."""
    match = re.fullmatch(r"```python\n(.*)\n```", content, re.DOTALL)
    assert match
    return match[1]


def test_functions_stay_whole() -> None:
    """A file is cut between functions, although there are blank lines within them."""
    code = "\n".join(FUNCTION.format(n) for n in range(40))
    chunks = chunk(as_markdown(code, "python"), "", 500, MINIMUM)
    assert len(chunks) > 6
    for piece in chunks:
        nodes = ast.parse(code_of(piece.content)).body
        assert all(isinstance(node, ast.FunctionDef) and len(node.body) == 3 for node in nodes)
        assert len(piece.content) > 250


def test_methods_stay_whole_and_name_their_class() -> None:
    """A class is cut between methods, decorators with them; the parts within it stand under its name."""
    chunks = chunk(as_markdown(f"import a\n\n{CLASS}", "python"), "", 400, MINIMUM)
    assert len(chunks) > 3
    assert chunks[0].heading_path == ()
    for piece in chunks[1:]:
        assert piece.heading_path == ("Name",)
        assert code_of(piece.content).startswith("    @wrapped")
        assert code_of(piece.content).endswith("return 0")


def test_a_method_larger_than_a_chunk() -> None:
    """A part of a function stands under the function's name, within its class's."""
    lines = "\n".join(f"        call({n})" for n in range(60))
    chunks = chunk(as_markdown(f"class A:\n    def f(self):\n{lines}\n", "python"), "T", 300, MINIMUM)
    assert [piece.heading_path for piece in chunks[1:]] == [("A", "f")] * (len(chunks) - 1)


def test_headings_stand_above_names() -> None:
    """A fence in a page stands under the page's headings first."""
    code = f"# Guide\n\n## Code\n\nAs follows:\n\n```py\n{CLASS}```\n\nThe end."
    chunks = chunk(code, "Guide", 400, MINIMUM)
    assert chunks[0].content.startswith("# Guide\n\n## Code\n\nAs follows:\n\n```py\nclass Name:")
    assert chunks[1].heading_path == ("Code", "Name")
    assert all(piece.content.count("```py\n") == 1 for piece in chunks)


def test_the_library_of_python() -> None:
    """In a real module no function that fits is cut, and the parts together are the module."""
    code = inspect.getsource(json.decoder)
    chunks = chunk(as_markdown(code, "python"), "", 2048, 200)
    together = "\0".join(piece.content for piece in chunks)
    for node in ast.walk(ast.parse(code)):
        text = ast.get_source_segment(code, node) if isinstance(node, ast.FunctionDef) else None
        if text and len(text) < 1024:
            assert text in together
    assert "\n".join(code_of(piece.content) for piece in chunks).split() == code.split()


@pytest.mark.parametrize("info", ["python", "unheard-of", ""])
def test_broken_code_falls_back_to_lines(info: str) -> None:
    """Code with errors, or of no known language, is cut between lines and nothing of it is lost."""
    code = "\n".join(f"}} def ({n}] = '" for n in range(100))
    chunks = chunk(f"```{info}\n{code}\n```", "", 300, MINIMUM)
    parts = [piece.content.removeprefix(f"```{info}\n").removesuffix("\n```") for piece in chunks]
    assert "\n".join(parts) == code
    assert all(len(piece.content) <= 300 for piece in chunks)


@given(
    st.sampled_from(sorted(LANGUAGES)),
    st.text(alphabet="(){}[]\"'`~>\\\n\n\t  dclasef:;=é/*#😀", max_size=900),
)
def test_nothing_of_a_source_file_is_lost(language: str, code: str) -> None:
    """Whatever a source file holds, its parts are fences that fit and hold all of it, in order."""
    chunks = chunk(as_markdown(code, language), "", 200, 20)
    kept = []
    for piece in chunks:
        opening, *lines, closing = piece.content.split("\n")
        assert opening == f"{closing}{language}"
        assert len(piece.content.encode()) <= 200
        kept += lines
    assert "".join("".join(kept).split()) == "".join(code.split())
