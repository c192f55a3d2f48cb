"""The interface of the backends, which compute vectors."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tokenizers import Tokenizer

DIMENSIONS = 384  # the width of the table's vectors

Vectors = NDArray[np.float32]


class Backend(Protocol):
    """A loaded model. Only one thread may use it at a time."""

    @property
    def tokenizer(self) -> "Tokenizer":
        """The model's tokenizer, by which windows are cut."""

    @property
    def max_tokens(self) -> int | None:
        """How many tokens of a text the model reads, including special ones; None if it reads all."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return float32[texts, 384], L2-normalised, in the texts' order; texts is not empty."""


def usable_cores() -> int:
    """The number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
