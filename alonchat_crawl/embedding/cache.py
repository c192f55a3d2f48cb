"""The vectors of texts that this process has embedded recently, so that it does not embed them again."""

from collections import OrderedDict
from hashlib import blake2b
from uuid import UUID

import numpy as np

from alonchat_crawl.embedding.backends.backend import Vectors

KEY_BYTES = 16  # 10^19 texts before two are likely to share one


def key_of(project_id: UUID, text: str) -> bytes:
    """Return the key of a project's text. Projects share no keys: timing would reveal others' texts."""
    return blake2b(text.encode(errors="surrogatepass"), digest_size=KEY_BYTES, key=project_id.bytes).digest()


class VectorCache:
    """The `most` last used vectors, in half precision, as Postgres stores them: about 1 KB each."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._halves: OrderedDict[bytes, bytes] = OrderedDict()

    def get(self, key: bytes) -> Vectors | None:
        """Return float32[384], or None."""
        half = self._halves.get(key)
        if half is None:
            return None
        self._halves.move_to_end(key)
        return np.frombuffer(half, np.float16).astype(np.float32)

    def put(self, key: bytes, vector: Vectors) -> None:
        """Keep a vector. If there are too many, drop the least recently used one."""
        self._halves[key] = vector.astype(np.float16).tobytes()
        self._halves.move_to_end(key)
        if len(self._halves) > self._most:
            self._halves.popitem(last=False)
