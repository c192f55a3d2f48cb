"""Puts `match_chunks` as it now stands in the migrations into a database that has an older one."""

import re
from importlib.resources import files

import psycopg

NAME = "match_chunks"
DROP = """
do $do$ declare found regprocedure; begin
    for found in select oid from pg_proc where proname = 'match_chunks' loop
        execute 'drop function ' || found;
    end loop;
end $do$
"""


def reload_search(url: str) -> None:
    """Run the functions of the last migration that makes `match_chunks` again."""
    folder = files("alonchat_crawl.storage").joinpath("sql", "migrations")
    texts = [entry.read_text() for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)]
    text = [text for text in texts if f"create function public.{NAME}(" in text][-1]
    with psycopg.connect(url, prepare_threshold=None) as connection:
        connection.execute("set local search_path = public, extensions")
        connection.execute(DROP)
        for statement in _functions(text):
            connection.execute(statement.replace("create function", "create or replace function", 1).encode())


def _functions(text: str) -> list[str]:
    """Return each `create function` statement: to its closing `$$;`, or to the `;` where it has no body."""
    found = []
    for start in re.finditer(r"^create function ", text, re.MULTILINE):
        rest = text[start.start() :]
        plain, quoted = rest.find(";\n"), rest.find("$$")
        end = plain + 1 if plain < quoted or quoted < 0 else rest.index("$$;", quoted + 2) + 3
        found.append(rest[:end])
    return found
