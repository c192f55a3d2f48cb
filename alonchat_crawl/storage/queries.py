"""Loads the named statements of sql/queries.sql."""

import re
from collections.abc import Mapping
from importlib.resources import files


def _load() -> dict[str, bytes]:
    text = files("alonchat_crawl.storage").joinpath("sql", "queries.sql").read_text(encoding="utf-8")
    _, *blocks = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)
    return {name: sql.strip().encode() for name, sql in zip(blocks[::2], blocks[1::2], strict=True)}


QUERIES: Mapping[str, bytes] = _load()
"""Statements by name. Bytes, because psycopg's types accept a str only if it is a literal."""
