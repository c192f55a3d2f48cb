"""The programming language of a file or a fenced block, and a source file as Markdown."""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

# By the name to write after a fence: the endings of file names, and other names of the language.
LANGUAGES: Mapping[str, tuple[str, str]] = {
    "bash": (".sh .bash", "sh shell zsh"),
    "c": (".c .h", ""),
    "cpp": (".cc .cpp .cxx .hh .hpp .hxx", "c++ cc hpp"),
    "csharp": (".cs", "c# cs"),
    "go": (".go", "golang"),
    "java": (".java", ""),
    "javascript": (".js .cjs .mjs .jsx", "js jsx node"),
    "kotlin": (".kt .kts", "kt"),
    "lua": (".lua", ""),
    "php": (".php", ""),
    "python": (".py .pyi", "py py3 python3 pycon3"),
    "ruby": (".rb", "rb"),
    "rust": (".rs", "rs"),
    "scala": (".scala", ""),
    "swift": (".swift", ""),
    "tsx": (".tsx", ""),
    "typescript": (".ts .cts .mts", "ts"),
}
SUFFIXES = {suffix: language for language, (suffixes, _) in LANGUAGES.items() for suffix in suffixes.split()}
NAMES = {name: language for language, (_, names) in LANGUAGES.items() for name in (language, *names.split())}
# By a media type's second part without "x-"; the languages' own names are types, too.
MEDIA_TYPES = {
    "c++hdr": "cpp",
    "c++src": "cpp",
    "chdr": "c",
    "csrc": "c",
    "ecmascript": "javascript",
    "httpd-php": "php",
    "java-source": "java",
    "script.python": "python",
    "shellscript": "bash",
}
TEXT = frozenset({"", "text/plain", "application/octet-stream"})
VIDEO_TS = "video/mp2t"  # servers send it for any .ts file
BACKTICKS = re.compile(r"^[ \t>]*(`{3,})", re.MULTILINE)


def language_of(url: str, media_type: str) -> str | None:
    """Return the language of a source file, a key of LANGUAGES; None for anything else.

    `media_type` is the declared one without parameters, or empty. An HTML page that shows a source file
    under the file's name is not source code.
    """
    media_type = media_type.strip().lower()
    declared = _declared(media_type)
    suffix = PurePosixPath(unquote(urlsplit(url).path)).suffix.lower()
    by_name = SUFFIXES.get(suffix)
    if media_type in TEXT or declared or (media_type == VIDEO_TS and by_name == "typescript"):
        return by_name or declared
    return None


def named_language(info: str) -> str | None:
    """Return the language that a fence's info string names, in any spelling; None if it is unknown."""
    words = re.split(r"[\s,{:]+", info.strip().lstrip("{.").lower(), maxsplit=1)
    return NAMES.get(words[0].rstrip("}").removeprefix("language-"))


def as_markdown(code: str, language: str) -> str:
    """Return a source file as one fenced block, whose fence nothing in the code can close."""
    longest = max(map(len, BACKTICKS.findall(code)), default=2)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{code.strip(chr(10)).rstrip()}\n{fence}"


def _declared(media_type: str) -> str | None:
    kind, _, name = media_type.partition("/")
    name = name.removeprefix("x-")
    return MEDIA_TYPES.get(name) or NAMES.get(name) if kind in {"text", "application"} else None
