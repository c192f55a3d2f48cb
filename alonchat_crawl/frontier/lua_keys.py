"""The names of Redis keys for Lua: functions built from `redis_keys.py` and placed before each script.

A script calls `queue_key(domain, source)`, and reads `KEY.running` for a key without parts. `redis_keys.py`
says why Lua builds keys at all.
"""

from collections.abc import Callable, Iterator
from functools import cache, partial
from string import Formatter

from alonchat_crawl.redis_keys import KEYS, SEEN_BUCKET, Owner, RedisKey, Slot


@cache
def shard_keys() -> str:
    """The keys of a shard, for its transitions: KEYS[1] is the shard's prefix, for instance `f2:{0}`."""
    names = {name: key for name, key in KEYS.items() if key.slot is Slot.SHARD}
    whole = {name: key for name, key in names.items() if key.parts == ("shard",)}
    types = (f"{name} = '{key.type}'" for name, key in whole.items())
    words = {_word(key) for key in names.values() if key.owner is Owner.SOURCE}
    return "\n".join(
        (
            "local PREFIX = KEYS[1]",
            f"local SEEN_BUCKET = {SEEN_BUCKET}",
            *_builders(names, "shard", "PREFIX"),
            # Returns the first word of a key and the rest.
            "local function parts_of(key)",
            "  return string.match(string.sub(key, #PREFIX + 2), '^(%l+):(.*)$')",
            "end",
            # The first words of the keys that belong to one source.
            f"local OF_A_SOURCE = {{{', '.join(f'{word} = true' for word in sorted(words))}}}",
            f"local function types_of_keys() return {{{', '.join(types)}}} end",
        )
    )


@cache
def list_keys() -> str:
    """The key of a list of the web app, and the keys beside it, for its scripts: KEYS[1] is the list."""
    names = {name: key for name, key in KEYS.items() if "list" in key.parts}
    return "\n".join(("local LIST = KEYS[1]", *_builders(names, "list", "LIST")))


def _builders(keys: dict[str, RedisKey], first: str, variable: str) -> Iterator[str]:
    """Lua's table KEY of the keys that have no part but `first`, then a function for each other key."""
    fixed = {name: key for name, key in keys.items() if key.parts == (first,)}
    expression: Callable[[RedisKey], str] = partial(_expression, first=first, variable=variable)
    yield f"local KEY = {{{', '.join(f'{name} = {expression(key)}' for name, key in fixed.items())}}}"
    for name, key in keys.items():
        if name not in fixed:
            parts = ", ".join(part for part in key.parts if part != first)
            yield f"local function {name}_key({parts}) return {expression(key)} end"


def _expression(key: RedisKey, first: str, variable: str) -> str:
    """The key's template as a Lua expression: a concatenation of its literals and its parts."""
    pieces = []
    for literal, part, _, _ in Formatter().parse(key.template):
        pieces += [f"'{literal}'"] if literal else []
        pieces += [variable if part == first else part] if part else []
    return " .. ".join(pieces)


def _word(key: RedisKey) -> str:
    """The first word behind the prefix."""
    return key.template.split(":")[1]
