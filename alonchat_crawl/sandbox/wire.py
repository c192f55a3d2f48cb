"""The messages between a worker and its parsers: frames of msgpack, limited on both sides.

Never pickle: a parser that an attacker controls must not run code in the worker.
"""

import struct
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import Any, NamedTuple

import msgpack

HEAD = struct.Struct(">I")
"""The length of the frame that follows, in bytes."""
DYING = b"Fatal Python error: "
"""Sent by Python's faulthandler instead of a reply; the signal's description and a newline follow. Read as a
length, its first bytes exceed every limit, so it cannot be mistaken for a frame."""
REQUEST_MAX_BYTES = 256 * 1024 * 1024
REPLY_MAX_BYTES = 128 * 1024 * 1024
NODES_MAX = 2_000_000
"""Most values in a reply, with lists and maps. A value costs its sender one byte, its reader a hundred."""

RESULT, REASON, MEMORY, ERROR = "result", "reason", "memory", "error"


class Reply(NamedTuple):
    """How a task ended."""

    kind: str
    """RESULT, REASON (reason, detail), MEMORY, or ERROR (the exception's class)."""
    value: Any
    again: bool
    """Whether the process can take another task."""


class InvalidFrameError(ValueError):
    """The other side sent an invalid frame."""


def pack(frame: Sequence[Any]) -> bytes:
    """Return a frame without its head. Raises TypeError for values that msgpack cannot hold."""
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
    """Return a parser's reply. Raises InvalidFrameError for anything that an intact parser would not send."""
    left = NODES_MAX

    def counted(node: Any) -> Any:
        nonlocal left
        left -= 1 + len(node)
        if left < 0:
            raise InvalidFrameError(f"more than {NODES_MAX} nodes")
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
    except InvalidFrameError:
        raise
    except (ValueError, TypeError, OverflowError, msgpack.UnpackException) as error:
        raise InvalidFrameError(type(error).__name__) from None
    # A tuple, not a set: the kind may be a list here, which is not hashable.
    if kind not in (RESULT, REASON, MEMORY, ERROR) or not isinstance(again, bool):
        raise InvalidFrameError("no reply")
    if kind == REASON and not (
        isinstance(value, list) and len(value) == 2 and all(isinstance(part, str) for part in value)  # noqa: PLR2004
    ):
        raise InvalidFrameError("no reason")
    return Reply(kind, value, again)
