"""What goes between a worker and its parsers: frames of msgpack, bounded on both sides.

Never pickle: a parser that was taken over must not be able to run anything in the worker.
"""

import struct
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import Any, NamedTuple

import msgpack

HEAD = struct.Struct(">I")
"""Before each frame: its bytes."""
DYING = b"Fatal Python error: "
"""In place of a reply, by Python's faulthandler: a signal's name and a line's end follow. No frame is as long
as its first bytes would say."""
REQUEST_MAX_BYTES = 256 * 1024 * 1024
REPLY_MAX_BYTES = 128 * 1024 * 1024
NODES_MAX = 2_000_000
"""In a reply: lists, maps and what is in them. One costs its sender a byte, and its reader a hundred."""

RESULT, REASON, MEMORY, ERROR = "result", "reason", "memory", "error"


class Reply(NamedTuple):
    """How a task ended."""

    kind: str
    """RESULT, REASON (its spelling, a detail), MEMORY, or ERROR (what the exception was)."""
    value: Any
    again: bool
    """Whether the process can take another task."""


class RubbishError(ValueError):
    """No frame that the other side may send."""


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
    """Read what the worker sent: the task's name and its arguments."""
    name, arguments = msgpack.unpackb(  # type: ignore[no-untyped-call, attr-defined]
        data, timestamp=3, unicode_errors="surrogatepass"
    )
    return name, arguments


def unpack_reply(data: bytes | bytearray) -> Reply:
    """Read what a parser sent. Raises RubbishError for whatever a sound one would not send."""
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
    # Of a tuple, since a kind that is a list could not be looked for in a set.
    if kind not in (RESULT, REASON, MEMORY, ERROR) or not isinstance(again, bool):
        raise RubbishError("no reply")
    if kind == REASON and not (
        isinstance(value, list) and len(value) == 2 and all(isinstance(part, str) for part in value)  # noqa: PLR2004
    ):
        raise RubbishError("no reason")
    return Reply(kind, value, again)
