"""`python -m tests.house`: the program's rooms, and where the code breaks the house's rules."""

import ast
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from string import Formatter

from alonchat_crawl.reasons import Reason
from alonchat_crawl.redis_keys import KEYS, LAYOUT

ROOT = Path(__file__).parents[1]
PROGRAM = "alonchat_crawl"
FLOORS = (
    ("spiders", "commands"),
    ("operations",),
    ("worker",),
    ("control",),
    ("frontier",),
    ("pipelines",),
    ("policies",),
    ("servers",),
    ("fetch",),
    ("sandbox",),
    ("embedding",),
    ("storage",),
    ("extract",),
    ("words",),
)
"""From the top. A room imports rooms of lower floors only; `words` are the modules beside the rooms."""
NEVER = (
    ("extract", "scrapy"),
    ("storage", "scrapy"),
    ("extract", f"{PROGRAM}.errors"),  # they are Scrapy's as well, and a parser's process has no Scrapy
    ("extract", f"{PROGRAM}.storage"),
    ("spiders", f"{PROGRAM}.operations"),
)
"""(room, module): what the floors would allow, and what must not be."""
FOLDER_MAX_FILES = 15
FILE_MAX_LINES = 300
REASONED = frozenset({"Refused", "GiveUp", "Retry", "Deferred", "Outage", "Ending", "ReasonedError"})
"""What takes a reason, as its first argument or after its outcome."""
FAMILIES = frozenset({"http ", "robots http ", "tdm http "})
SCRAPYS_CLASS = "Command"
"""What Scrapy's own commands are called: each file of commands/ has one."""


def python_files() -> list[Path]:
    """The program's Python files, pipelines included; tests are not of the program."""
    return sorted([*(ROOT / PROGRAM).rglob("*.py"), *(ROOT / "pipelines").rglob("*.py")])


def room_of(path: Path) -> str:
    """The room that a file of the program stands in; `words` for a file beside the rooms."""
    parts = path.relative_to(ROOT).parts
    if parts[0] == "pipelines":
        return "pipelines"
    return parts[1] if len(parts) > 2 else "words"


@cache
def tree(path: Path) -> ast.Module:
    """The file, parsed."""
    return ast.parse(path.read_text())


def imports(path: Path) -> set[str]:
    """The modules that a file imports, wherever in it; a name taken from a package counts as its module."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            found.add(module)
            found.update(f"{module}.{alias.name}" for alias in node.names)
    return found


def room_of_module(module: str) -> str | None:
    """The room of a module of the program; None for somebody else's."""
    top, *rest = module.split(".")
    if top == "pipelines":
        return top
    if top != PROGRAM or not rest:
        return None
    return rest[0] if (ROOT / PROGRAM / rest[0]).is_dir() else "words"


def arrows_up() -> Iterator[str]:
    """Imports against the floors, and those that must never be."""
    floor = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
    for path in python_files():
        room, where = room_of(path), path.relative_to(ROOT)
        if room not in floor:
            yield f"{where}: the room {room} is on no floor"
            continue
        for module in sorted(imports(path)):
            other = room_of_module(module)
            if other is not None and other != room and floor.get(other, -1) <= floor[room]:
                yield f"{where} imports {module}: {other} is not below {room}"
            for of, never in NEVER:
                if room == of and (module == never or module.startswith(f"{never}.")):
                    yield f"{where} imports {module}: {room} must not know it"


def crowded_folders() -> Iterator[str]:
    """Folders with too many Python files, and files with too many lines."""
    folders = Counter(path.parent for path in python_files())
    for folder, files in sorted(folders.items()):
        if files > FOLDER_MAX_FILES:
            yield f"{folder.relative_to(ROOT)}/ has {files} Python files, more than {FOLDER_MAX_FILES}"
    for path in python_files():
        lines = len(path.read_text().splitlines())
        if lines > FILE_MAX_LINES:
            yield f"{path.relative_to(ROOT)} has {lines} lines, more than {FILE_MAX_LINES}"


def names_used_twice() -> Iterator[str]:
    """Public classes that share their name with another."""
    homes = defaultdict(list)
    for path in python_files():
        for node in tree(path).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(str(path.relative_to(ROOT)))
    for name, files in sorted(homes.items()):
        if len(files) > 1 and name != SCRAPYS_CLASS:
            yield f"the class {name} stands in {', '.join(files)}"


def reasons_spelt_elsewhere() -> Iterator[str]:
    """Reasons that an error or an ending is given as text, or that a `.reason` is compared with."""
    for path in python_files():
        for node in ast.walk(tree(path)):
            for text in _reason_texts(node):
                if text in FAMILIES or (text and Reason.known(text)):
                    yield f"{path.relative_to(ROOT)}:{node.lineno} spells the reason {text!r}"  # type: ignore[attr-defined]


def _reason_texts(node: ast.AST) -> Iterator[str]:
    """The strings that stand for a reason in a call or a comparison; of an f-string how it begins."""
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=args) if name in REASONED:
            found = [*args[:2], *(keyword.value for keyword in node.keywords if keyword.arg == "reason")]
        case ast.Compare(left=left, comparators=others) if any(map(_is_reason, (left, *others))):
            found = [left, *others]
        case _:
            return
    for one in found:
        for part in one.elts if isinstance(one, ast.Set | ast.Tuple | ast.List) else (one,):
            begins = part.values[0] if isinstance(part, ast.JoinedStr) and part.values else part
            if isinstance(begins, ast.Constant) and isinstance(begins.value, str):
                yield begins.value


def _is_reason(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "reason"


def redis_keys_made_elsewhere() -> Iterator[str]:
    """Names of Redis keys, or parts of them, outside the list of keys: in Python and in Lua."""
    for path in python_files():
        if path != ROOT / KEY_LIST:
            for number in sorted(set(_python_keys(tree(path)))):
                yield f"{path.relative_to(ROOT)}:{number} makes a Redis key: {KEY_LIST} lists them all"
    for path in sorted((ROOT / PROGRAM).rglob("*.lua")):
        for number, written in enumerate(path.read_text().splitlines(), 1):
            code = written.partition("--")[0]
            if LUA_KEY.search(code) or any(map(_is_of_a_key, LUA_TEXT.findall(code))):
                yield f"{path.relative_to(ROOT)}:{number} makes a Redis key: use the functions of lua_keys.py"


KEY_LIST = f"{PROGRAM}/redis_keys.py"
LUA_KEY = re.compile(
    r"KEYS\[\d+\]\s*\.\.|\.\.\s*KEYS\[|\b(?:PREFIX|LIST)\b"  # a key is put together
    r"|\bcall\('[A-Z]+',\s*(?:'|\{)"  # a command is given a key as text
)
LUA_TEXT = re.compile(r"'([^']*)'")
REDIS_CLIENTS = frozenset({"redis", "_redis"})
NO_KEY_FIRST = frozenset({"execute_command", "config_get", "info", "register_script", "from_url"})
"""Commands of a client whose first argument is no key."""


def _texts_of_keys() -> Iterator[re.Pattern[str]]:
    """What tells a text to be of one of our keys: the literal text of each template."""
    for key in KEYS.values():
        for place, (literal, *_) in enumerate(Formatter().parse(key.template)):
            text = literal.lstrip("{}")
            if len(text) > 1:
                start = "^" if place == 0 and not literal.startswith((":", "{")) else r"(?<!\w)"
                end = r"(?![\s])" if text.endswith(":") else r"(?![\w\s-])"
                yield re.compile(f"{start}{re.escape(text)}{end}")


TEXTS_OF_KEYS = (re.compile(rf"(?<!\w)f{LAYOUT}:"), *_texts_of_keys())


def _is_of_a_key(text: str) -> bool:
    return any(pattern.search(text) for pattern in TEXTS_OF_KEYS)


def _python_keys(module: ast.Module) -> Iterator[int]:
    """The lines of texts that are of a key, and of commands whose key is written in place."""
    docstrings = {
        id(node.value) for node in ast.walk(module) if isinstance(node, ast.Expr)
    }  # those of attributes, too
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            if _is_of_a_key(node.value):
                yield node.lineno
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            client = node.func.value
            name = client.attr if isinstance(client, ast.Attribute) else getattr(client, "id", "")
            if name in REDIS_CLIENTS and node.func.attr not in NO_KEY_FIRST:
                first = node.args[:1] + [word.value for word in node.keywords if word.arg in {"key", "name"}]
                yield from (one.lineno for one in first if _is_text(one))


def _is_text(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return _is_text(node.left) or _is_text(node.right)
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


RULES = (arrows_up, crowded_folders, names_used_twice, redis_keys_made_elsewhere, reasons_spelt_elsewhere)


def rooms() -> Iterator[str]:
    """A line for each folder of the program: its path and how many Python files and lines it has."""
    by_folder: dict[Path, list[int]] = defaultdict(list)
    for path in python_files():
        by_folder[path.parent.relative_to(ROOT)].append(len(path.read_text().splitlines()))
    for folder, lines in sorted(by_folder.items()):
        yield f"{folder!s:44}{len(lines):4} files{sum(lines):7} lines"
    yield f"{'all':44}{len(python_files()):4} files{sum(map(sum, by_folder.values())):7} lines"


def main() -> int:
    """Print the rooms and each breach; 1 if there is one."""
    print(*rooms(), sep="\n")
    breaches = [breach for rule in RULES for breach in rule()]
    print(*breaches, sep="\n", file=sys.stderr)
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
