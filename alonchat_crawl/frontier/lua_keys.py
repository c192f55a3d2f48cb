"""The names of Redis keys for Lua, made from `redis_keys.py` and put into each script.

A script calls `queue_key(domain, source)`, a function that is put before it, and writes `KEY.running` for a
key without parts. That is replaced by the key's expression, since Redis would make a table of all keys anew
at each call. `redis_keys.py` says why Lua builds keys at all.
"""

import re
from collections.abc import Iterator, Mapping
from string import Formatter

from alonchat_crawl.redis_keys import KEYS, SEEN_BUCKET, Owner, RedisKey, Slot


def with_shard_keys(script: str) -> str:
    """A transition's text with the keys of its shard. KEYS[1] is the shard's prefix, such as `f2:{0}`."""
    keys = {name: key for name, key in KEYS.items() if key.slot is Slot.SHARD}
    types = (
        f"[{_expression(key, 'shard', 'PREFIX')}] = '{key.type}'"
        for key in keys.values()
        if key.parts == ("shard",)
    )
    words = sorted({_word(key) for key in keys.values() if key.owner is Owner.SOURCE})
    is_of_a_source = " or ".join(f"word == '{word}'" for word in words)
    return "\n".join(
        (
            "local PREFIX = KEYS[1]",
            f"local SEEN_BUCKET = {SEEN_BUCKET}",
            # Returns the first word of a key and the rest.
            "local function parts_of(key)",
            "  return string.match(string.sub(key, #PREFIX + 2), '^(%l+):(.*)$')",
            "end",
            # Whether keys with this first word belong to one source.
            "local function is_of_a_source(word)",
            f"  return {is_of_a_source}",
            "end",
            # The type of each key without parts, by the key.
            f"local function types_of_keys() return {{{', '.join(types)}}} end",
            _with_keys(script, keys, "shard", "PREFIX"),
        )
    )


def with_list_keys(script: str) -> str:
    """The text of a script for a list of the web app, with the keys beside it: KEYS[1] is the list."""
    keys = {name: key for name, key in KEYS.items() if "list" in key.parts}
    return "\n".join(("local LIST = KEYS[1]", _with_keys(script, keys, "list", "LIST")))


def _with_keys(script: str, keys: Mapping[str, RedisKey], first: str, variable: str) -> str:
    """The script behind a function for each key with further parts than `first`; the other keys in place."""
    return "\n".join(
        (
            *_builders(keys, first, variable),
            re.sub(
                r"\bKEY\.(\w+)", lambda found: f"({_expression(keys[found[1]], first, variable)})", script
            ),
        )
    )


def _builders(keys: Mapping[str, RedisKey], first: str, variable: str) -> Iterator[str]:
    for name, key in keys.items():
        if rest := [part for part in key.parts if part != first]:
            body = _expression(key, first, variable)
            yield f"local function {name}_key({', '.join(rest)}) return {body} end"


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
