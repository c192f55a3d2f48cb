"""A list of messages, looked at from its old end: one that is too long never reaches a worker."""

from dataclasses import dataclass
from hashlib import sha1
from typing import Self

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from alonchat_crawl.frontier.transitions import awaited, bare_script

NOT_A_LIST = -1


@dataclass(frozen=True, slots=True)
class Message:
    """The oldest message of a list."""

    head: bytes
    length: int
    """Bytes; NOT_A_LIST where somebody put something else in the list's place: `head` says what."""
    digest: str
    """SHA-1, in hex, of as many bytes as a message may have; of what was in the list's place: the name under
    which that is set aside."""
    whole: bytes | None = None
    """None of one that is too long, or was none."""

    @classmethod
    def of(cls, whole: bytes, head_bytes: int) -> Self:
        """One that can be acted on."""
        digest = sha1(whole).hexdigest()  # noqa: S324 - it proves nothing: it tells two apart
        return cls(whole[:head_bytes], len(whole), digest, whole)


class Messages:
    """One list. Its methods raise redis.RedisError."""

    def __init__(self, redis: Redis, key: str, max_bytes: int, head_bytes: int) -> None:
        self._redis = redis
        self._key = key
        self._guard = f"{{{key}}}:guard"
        self._limits = (max_bytes, head_bytes)
        self._look = redis.register_script(bare_script("look"))
        self._discard = redis.register_script(bare_script("discard"))

    async def oldest(self) -> Message | None:
        """The oldest message, which stays where it is; None where there is none."""
        found = await self._look(keys=[self._key, self._guard], args=self._limits)
        match found:
            case []:
                return None
            case [whole]:
                return Message.of(whole, self._limits[1])
            case [head, length, digest]:
                return Message(head, length, digest.decode())
        raise ValueError(found)

    async def listen(self, seconds: float) -> None:
        """Wait until there is a message, or for so long, and take nothing.

        Moving a message onto a key of another type fails as soon as there is one.
        Redis' own tests hold it to that ("with wrong destination type"). Should the guard be lost meanwhile,
        by a restart, the message goes to its name, and `look` brings it back.
        """
        try:
            await awaited(self._redis.blmove(self._key, self._guard, seconds, "RIGHT", "LEFT"))  # type: ignore[arg-type] # a float is fine
        except ResponseError as error:
            if not str(error).startswith("WRONGTYPE"):
                raise

    async def discard(self, message: Message) -> bool:
        """Take out one that is too long, once it is kept elsewhere; False where another worker has."""
        if message.length == NOT_A_LIST:
            return True
        same = (self._limits[0], message.length, message.digest)
        return bool(await self._discard(keys=[self._key], args=same))
