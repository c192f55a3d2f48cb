"""Reads a list of the web app, oldest message first. A message that is too long never reaches a worker."""

from dataclasses import dataclass
from hashlib import sha1
from typing import Self

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from alonchat_crawl import redis_keys
from alonchat_crawl.frontier.transitions import awaited, list_script

NOT_A_LIST = -1


@dataclass(frozen=True, slots=True)
class Message:
    """The oldest message of a list."""

    head: bytes
    length: int
    """Bytes; NOT_A_LIST if the key was of another type, which `head` then names."""
    digest: str
    """SHA-1, in hex, of the message, or of its first bytes if it is too long. For NOT_A_LIST: the new name of
    the key, which was set aside."""
    whole: bytes | None = None
    """None if it is too long or NOT_A_LIST."""

    @classmethod
    def of(cls, whole: bytes, head_bytes: int) -> Self:
        """A message that is short enough to act on."""
        digest = sha1(whole).hexdigest()  # noqa: S324 - it only identifies a message
        return cls(whole[:head_bytes], len(whole), digest, whole)


class Messages:
    """One list of the web app. Its methods raise redis.RedisError."""

    def __init__(self, redis: Redis, key: str, max_bytes: int, head_bytes: int) -> None:
        self._redis = redis
        self._key = key
        self._guard = redis_keys.GUARD.of(list=key)
        self._limits = (max_bytes, head_bytes)
        self._look = redis.register_script(list_script("oldest_message"))
        self._discard = redis.register_script(list_script("discard_message"))

    async def oldest(self) -> Message | None:
        """Return the oldest message and leave it in the list; None if there is none."""
        found = await self._look(keys=[self._key], args=self._limits)
        match found:
            case []:
                return None
            case [whole]:
                return Message.of(whole, self._limits[1])
            case [head, length, digest]:
                return Message(head, length, digest.decode())
        raise ValueError(found)

    async def listen(self, seconds: float) -> None:
        """Wait until there is a message, but no longer than `seconds`; take nothing.

        Redis can only block on commands that take. So this is a blocking move onto a key of the wrong type,
        the guard: it fails as soon as there is a message (Redis' tests ensure that, "with wrong destination
        type"). If a restart of Redis loses the guard, the message is moved to its name, and `oldest` moves it
        back.
        """
        try:
            await awaited(self._redis.blmove(self._key, self._guard, seconds, "RIGHT", "LEFT"))  # type: ignore[arg-type] # a float is fine
        except ResponseError as error:
            if not str(error).startswith("WRONGTYPE"):
                raise

    async def discard(self, message: Message) -> bool:
        """Remove a message that is too long, after it was kept elsewhere; False if another worker has."""
        if message.length == NOT_A_LIST:
            return True
        same = (self._limits[0], message.length, message.digest)
        return bool(await self._discard(keys=[self._key], args=same))
