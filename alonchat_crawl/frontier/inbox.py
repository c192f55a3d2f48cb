"""A list that the web app pushes messages to: read oldest first, with no delay; none is taken out early."""

import asyncio
import logging
from abc import ABC, abstractmethod
from secrets import token_hex
from typing import ClassVar

from redis.exceptions import RedisError
from scrapy.settings import BaseSettings

from alonchat_crawl.errors import GiveUp, Outage, Retry, Unreadable
from alonchat_crawl.frontier.letters import bury_message
from alonchat_crawl.frontier.locks import take_lock
from alonchat_crawl.frontier.messages import NOT_A_LIST, Message, Messages
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.frontier.transitions import awaited

logger = logging.getLogger(__name__)

LOCK_MS = 20_000
"""After so long another worker reads the list of one that is gone."""
LOOK_SECONDS = 4.0
"""Between looks whether it is."""


class Postponed(Retry):
    """A message whose time has not come: it goes to the end of its list, and holds up no other."""


class Inbox(ABC):
    """Reads one list. A message leaves it once it is acted on, or kept as a dead letter."""

    kind: ClassVar[str]
    """What its messages are called."""

    def __init__(self, shards: Shards, settings: BaseSettings, key: str) -> None:
        self.shards = shards
        self._redis = shards.queues[0].redis
        self._key = key
        self._wait_seconds = settings.getint("FRONTIER_IDLE_POLL_SECONDS")
        self._lock_key = f"{{{key}}}:reader"
        self._token = token_hex(8).encode()
        self._max_bytes = settings.getint("MESSAGE_MAX_BYTES")
        self._head_bytes = settings.getint("MESSAGE_HEAD_BYTES")
        self._messages = Messages(self._redis, key, self._max_bytes, self._head_bytes)
        self._postponed = 0
        """Messages put off since one was not."""

    @abstractmethod
    async def act(self, raw: bytes) -> None:
        """Do what a message asks for.

        Raises Retry, Outage, RedisError or OSError where it must wait; any other error rejects it. It may be
        asked to do the same again, also by another worker at the same time.
        """

    @abstractmethod
    async def ready(self) -> None:
        """Raise Retry while no message may be read."""

    async def run(self) -> None:
        """Read until cancelled; Redis or Postgres being away is waited out."""
        waiting = ""
        while True:
            try:
                if not await self._is_ours():
                    await asyncio.sleep(LOOK_SECONDS)
                    continue
                await self.ready()
                message = await self._messages.oldest(self._wait_seconds)
                if message is not None and message.whole is not None:
                    await self._read(message.whole)
                elif message is not None:
                    await self._reject(message, refusal(message, self._max_bytes))
                waiting = ""
            except (Retry, Outage, RedisError, OSError) as error:
                if str(error) != waiting:
                    logger.warning("%s waits: %s", self._key, error)
                waiting = str(error)
                await asyncio.sleep(1)
            except Exception:
                logger.exception("Reading %s failed; going on", self._key)
                await asyncio.sleep(1)

    async def leave(self) -> None:
        """Let another worker read from now on. Raises redis.RedisError."""
        if await self._redis.get(self._lock_key) == self._token:
            await awaited(self._redis.delete(self._lock_key))

    async def _is_ours(self) -> bool:
        """Whether this is the one worker that reads the list: several would carry orders out in any order."""
        return await take_lock(self._redis, self._lock_key, self._token, LOCK_MS)

    async def _read(self, raw: bytes) -> None:
        message = Message.of(raw, self._head_bytes)
        try:
            await self.act(raw)
        except Postponed:
            await self._postpone()
            return
        except (Retry, Outage, RedisError, OSError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, it must not hold up the others
            await self._reject(message, error)
            return
        self._postponed = 0
        if await self._is_ours():  # else it took long, and is another's to do again
            await self._messages.remove(message)

    async def _postpone(self) -> None:
        """Move the message to the end, where new ones come in; rest where nothing but such ones are left."""
        await awaited(self._redis.lmove(self._key, self._key, "RIGHT", "LEFT"))  # in one step: never gone
        self._postponed += 1
        if self._postponed >= await awaited(self._redis.llen(self._key)):
            self._postponed = 0
            await asyncio.sleep(1)

    async def _reject(self, message: Message, error: Exception) -> None:
        """Move a message to the dead letters: written there before it leaves the list."""
        queue = self.shards.queues[0]
        reason = getattr(error, "reason", f"bad {self.kind}")
        letter = (self.kind, self._key, message, reason, str(error))
        letter_id = await bury_message(queue, *letter)
        if not await self._messages.remove(message):  # another worker rejected it meanwhile
            await queue.run("drop", letter_id)
            return
        if not await self._redis.xrange(queue.keys.dead, letter_id, letter_id):
            # Redis restarted between the two, and lost the letter with its last second.
            letter_id = await bury_message(queue, *letter)
        logger.warning("A %s cannot be used: %s (dead letter 0/%s)", self.kind, error, letter_id)


def refusal(message: Message, max_bytes: int) -> GiveUp:
    """Why a message is not even read."""
    if message.length == NOT_A_LIST:
        return Unreadable("the list", f"it was a {message.head.decode(errors='replace')}")
    return GiveUp("too long", f"it has {message.length} bytes, more than {max_bytes} (MESSAGE_MAX_BYTES)")
