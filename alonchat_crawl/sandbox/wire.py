"""The messages between a worker and its parsers: frames of msgpack, bounded on both sides.

Never pickle: a parser that was taken over must not be able to run code in the worker.
"""

import struct
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import Any, NamedTuple

import msgpack

HEAD = struct.Struct(">I")
"""Before each frame: how many bytes it has."""
DYING = b"Fatal Python error: "
"""What Python's faulthandler sends instead of a reply; the signal's description and a line's end follow. Read
as a length, its first bytes exceed every limit, so it is not mistaken for a frame."""
REQUEST_MAX_BYTES = 256 * 1024 * 1024
REPLY_MAX_BYTES = 128 * 1024 * 1024
NODES_MAX = 2_000_000
"""Of a reply: lists, maps and what is in them. One costs its sender a byte, and its reader a hundred."""

RESULT, REASON, MEMORY, ERROR = "result", "reason", "memory", "error"


class Reply(NamedTuple):
    """How a task ended."""

    kind: str
    """RESULT, REASON (its spelling, a detail), MEMORY, or ERROR (what the exception was)."""
    value: Any
    again: bool
    """Whether the process can take another task."""


class RubbishError(ValueError):
    """The other side sent what is no valid frame."""


def pack(frame: Sequence[Any]) -> bytes:
    """Return a frame without its head. Raises TypeError for what msgpack cannot hold."""
    packed: bytes = msgpack.packb(  # type: ignore[no-untyped-call]
        frame, default=_fields, datetime=True, unicode_errors="surrogatepass"
    )
    return packed


def _fields(value: object) -> dict[str, Any]:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    raise TypeError(f"{type(value).__name__} cannot leave a sandbox")


def unpack_request(data: bytes | bytearray) -> tuple[str, dict[str, Any]]:
    """Return the task's name and its arguments."""
    name, arguments = msgpack.unpackb(  # type: ignore[no-untyped-call, attr-defined]
        data, timestamp=3, unicode_errors="surrogatepass"
    )
    return name, arguments


def unpack_reply(data: bytes | bytearray) -> Reply:
    """Return a parser's reply. Raises RubbishError for anything that an intact parser would not send."""
    left = NODES_MAX

    def counted(node: Any) -> Any:
        nonlocal left
        left -= 1 + len(node)
        if left < 0:
            raise RubbishError(f"more than {NODES_MAX} nodes")
        return node

    try:
        kind, value, again = msgpack.unpackb(  # type: ignore[no-untyped-call, attr-defined]
            data,
            timestamp=3,
            unicode_errors="surrogatepass",
            max_ext_len=12,  # a timestamp
            max_array_len=NODES_MAX,
            max_map_len=NODES_MAX,
            list_hook=counted,
            object_hook=counted,
        )
    except RubbishError:
        raise
    except (ValueError, TypeError, OverflowError, msgpack.UnpackException) as error:
        raise RubbishError(type(error).__name__) from None
    # In a tuple, not a set: the kind may be a list here, which has no hash.
    if kind not in (RESULT, REASON, MEMORY, ERROR) or not isinstance(again, bool):
        raise RubbishError("no reply")
    if kind == REASON and not (
        isinstance(value, list) and len(value) == 2 and all(isinstance(part, str) for part in value)  # noqa: PLR2004
    ):
        raise RubbishError("no reason")
    return Reply(kind, value, again)
