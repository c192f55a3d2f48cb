"""Vectors kept on disk by their text, so that a benchmark that is run again embeds only what is new."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from threading import Lock
from unittest.mock import patch

import numpy as np

from alonchat_crawl.embedding import DIMENSIONS, Embedder, Vectors


class KeptVectors:
    """A file of vectors."""

    def __init__(self, file: sqlite3.Connection, family: str) -> None:
        self._file = file
        self._family = family
        self._lock = Lock()
        self.embedded = 0
        """Texts that were new."""

    def get(self, texts: Sequence[str], embed: Callable[[Sequence[str]], Vectors]) -> Vectors:
        """Return float32[n, 384] in the texts' order; those not in the file are embedded, and kept."""
        if not texts:
            return np.empty((0, DIMENSIONS), np.float32)
        with self._lock:
            keys = [sha256(f"{self._family}\0{text}".encode()).digest() for text in texts]
            found = {key: vector for key in keys if (vector := self._read(key)) is not None}
            missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
            if missing:
                new = dict(zip(missing, embed(list(missing.values())), strict=True))
                rows = [(key, np.asarray(vector, np.float32).tobytes()) for key, vector in new.items()]
                self._file.executemany("insert or replace into vectors values (?, ?)", rows)
                self._file.commit()
                self.embedded += len(missing)
                found |= new
            return np.stack([found[key] for key in keys])

    def _read(self, key: bytes) -> Vectors | None:
        row = self._file.execute("select vector from vectors where key = ?", [key]).fetchone()
        return np.frombuffer(row[0], np.float32) if row else None


@contextmanager
def kept_vectors(path: Path, family: str) -> Iterator[KeptVectors]:
    """Let every Embedder look into the file before it embeds.

    `family` names all that a text's vector depends on but the text.
    """
    embed = Embedder.embed
    with closing(sqlite3.connect(path, timeout=60, check_same_thread=False)) as file:
        file.execute("create table if not exists vectors (key blob primary key, vector blob) strict")
        kept = KeptVectors(file, family)

        def look_first(embedder: Embedder, texts: Sequence[str]) -> Vectors:
            return kept.get(texts, lambda missing: embed(embedder, missing))

        with patch.object(Embedder, "embed", look_first):
            yield kept
