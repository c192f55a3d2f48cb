"""Reads a list that the web app pushes messages to. A message stays in Redis until it is acted on.

Projects take turns, and each one's messages are read oldest first. So however many messages one project
pushes, another's message waits for at most one turn of each project that was there before it.
"""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial
from secrets import token_hex
from time import monotonic
from typing import ClassVar
from uuid import UUID

from redis.exceptions import RedisError
from scrapy.settings import BaseSettings

from alonchat_crawl.errors import GiveUp, Outage, ReasonedError, Retry, Unreadable
from alonchat_crawl.frontier.dead_letters import bury_message
from alonchat_crawl.frontier.lanes import Due, Lanes
from alonchat_crawl.frontier.locks import take_lock
from alonchat_crawl.frontier.messages import NOT_A_LIST, Message, Messages
from alonchat_crawl.frontier.shards import Shards
from alonchat_crawl.frontier.transitions import awaited, is_of_one
from alonchat_crawl.reasons import Reason
from alonchat_crawl.redis_keys import READER_LOCK
from alonchat_crawl.storage.pool import Pool

logger = logging.getLogger(__name__)

LOCK_MS = 20_000
"""If a worker is gone, another one reads its list after this time."""
LOOK_SECONDS = 4.0
"""A worker that does not read the list checks this often whether its reader is gone."""
WAIT_SECONDS = 1.0
"""Until a project's next turn, if it has no room or its message must wait."""
TURN_SECONDS = 5.0
"""A message that takes longer, perhaps because of a lock, is tried again at its project's next turn."""
SLOW_FACTOR = 10
"""A project whose turn took too long waits this many times as long: it gets a tenth of the time."""
PART_SECONDS = 0.5
"""New messages are sorted by project for at most this long; then the projects take turns again."""
NOBODY = UUID(int=0)
"""The project of messages that cannot be read."""


class Postponed(Retry):
    """A message must wait: it goes behind the project's other messages, so that it does not hold them up."""


class Inbox(ABC):
    """Reads one list. A message leaves it as soon as it is acted on, or kept as a dead letter."""

    kind: ClassVar[str]
    """The word for its messages: `seed` or `order`."""
    rejected: ClassVar[Reason]
    """The reason of the dead letter that a message becomes if it is not valid."""

    def __init__(self, shards: Shards, pool: Pool, settings: BaseSettings, key: str) -> None:
        self.shards = shards
        self.pool = pool
        self.settings = settings
        self._redis = shards.queues[0].redis
        self._key = key
        self._wait_seconds = settings.getint("FRONTIER_IDLE_POLL_SECONDS")
        self._lock_key = READER_LOCK.of(list=key)
        self._token = token_hex(8).encode()
        self._max_bytes = settings.getint("MESSAGE_MAX_BYTES")
        self._head_bytes = settings.getint("MESSAGE_HEAD_BYTES")
        self._messages = Messages(self._redis, key, self._max_bytes, self._head_bytes)
        self._lanes = Lanes(self._redis, key)
        self._lanes.on_damaged_key = lambda *found: self._unreadable.append(found)
        self._unreadable: list[tuple[str, str, str]] = []
        """Keys of lanes that were set aside and have no dead letter yet: name, what is wrong, new name."""
        self._said = ""
        self._postponed: dict[UUID, int] = {}
        """By project: messages postponed in a row."""

    @abstractmethod
    async def act(self, raw: bytes) -> None:
        """Do what a message asks for. The same message may be given again, even to two workers at once.

        Raises Retry if the project must wait, and Outage, RedisError or OSError if all projects must. Any
        other error, for instance of a Redis script, rejects the message.
        """

    @abstractmethod
    def project_of(self, raw: bytes) -> UUID:
        """The project that the message is of; NOBODY if the message cannot be read. Raises nothing."""

    @abstractmethod
    async def with_room(self, projects: Sequence[UUID]) -> Collection[UUID]:
        """The projects that may have a turn now."""

    async def run(self) -> None:
        """Read until cancelled. If Redis or Postgres is away, wait until it is back."""
        while True:
            try:
                if not await self._is_ours():
                    await asyncio.sleep(LOOK_SECONDS)
                    continue
                await self._part()
                wait = await self._take_turns()
                if wait > 0:
                    await self._messages.listen(min(wait, self._wait_seconds))
            except (Retry, Outage, RedisError, OSError) as error:
                self._say(self._key, error)
                await asyncio.sleep(1)
            except Exception:
                logger.exception("Reading %s failed; going on", self._key)
                await asyncio.sleep(1)

    async def _part(self) -> None:
        """Sort new messages into their projects' lanes; one that is too long becomes a dead letter."""
        while self._unreadable:
            await self.shards.queues[0].run("bury_key", *self._unreadable[-1])
            self._unreadable.pop()
        until = monotonic() + PART_SECONDS
        while (message := await self._messages.oldest()) is not None and monotonic() < until:
            if message.whole is None:
                remove = partial(self._messages.discard, message)
                await self._reject(message, refusal(message, self._max_bytes), remove)
            else:
                await self._lanes.sort_messages(self.project_of, self._max_bytes)

    async def _take_turns(self) -> float:
        """Give each project that is due one turn; return the seconds until the next one is due."""
        due = await self._lanes.due()
        if not due.projects:
            return due.wait_seconds
        has_room = await self.with_room(due.projects)
        full = [project for project in due.projects if project not in has_room]
        # However many projects are full, no more than a thousand of them are looked at in a second.
        await self._lanes.put_off(due, full, max(WAIT_SECONDS, due.lanes / 1000))
        for project in due.projects:
            if project not in has_room:
                continue
            if not await self._is_ours():
                break
            if (raw := await self._lanes.take_turn(project)) is not None:
                await self._read(due, project, raw)
        return 0.0

    def _say(self, who: str, error: Exception) -> None:
        """Log what must wait: once, not at each try."""
        said = f"{who} waits: {error or 'it takes too long'}"
        if said != self._said:
            logger.warning("%s", said)
        self._said = said

    async def leave(self) -> None:
        """Let another worker read from now on. Raises redis.RedisError."""
        if await self._redis.get(self._lock_key) == self._token:
            await awaited(self._redis.delete(self._lock_key))

    async def _is_ours(self) -> bool:
        """Whether this worker reads the list. Only one may: several would mix up the messages' order."""
        return await take_lock(self._redis, self._lock_key, self._token, LOCK_MS)

    async def _read(self, due: Due, project: UUID, raw: bytes) -> None:
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await self.act(raw)
        except Postponed:
            await self._postpone(due, project)
            return
        except (Retry, TimeoutError) as error:
            self._say(f"a {self.kind} of project {project}", error)
            wait = SLOW_FACTOR * TURN_SECONDS if isinstance(error, TimeoutError) else WAIT_SECONDS
            await self._lanes.put_off(due, [project], wait)
            return
        except Exception as error:
            if isinstance(error, Outage) or not is_of_one(error):
                raise  # any other error is this message's own: it must not hold up the rest
            message = Message.of(raw, self._head_bytes)
            await self._reject(message, error, partial(self._lanes.remove, project, raw))
            return
        self._postponed.pop(project, None)
        if await self._is_ours():  # if not, it took so long that another worker does it again
            await self._lanes.remove(project, raw)

    async def _postpone(self, due: Due, project: UUID) -> None:
        """Move the message behind the project's others; let the project wait if all of them are postponed."""
        put_off = self._postponed.pop(project, 0) + 1
        if put_off >= await self._lanes.move_to_end(project):
            await self._lanes.put_off(due, [project], WAIT_SECONDS)
        else:
            self._postponed[project] = put_off

    async def _reject(
        self, message: Message, error: Exception, remove: Callable[[], Awaitable[bool]]
    ) -> None:
        """Keep a message as a dead letter, then remove it from its list, so that it is never lost."""
        queue = self.shards.queues[0]
        reason = error.reason if isinstance(error, ReasonedError) else self.rejected
        letter = (self.kind, self._key, message, reason, str(error))
        letter_id = await bury_message(queue, *letter)
        if not await remove():  # another worker rejected it meanwhile
            await queue.run("drop_letters", letter_id)
            return
        if not await self._redis.xrange(queue.keys.dead, letter_id, letter_id):
            # Redis restarted in between, and has lost its last second, with the letter in it.
            letter_id = await bury_message(queue, *letter)
        logger.warning("The %s cannot be used: %s (dead letter 0/%s)", self.kind, error, letter_id)


def refusal(message: Message, max_bytes: int) -> GiveUp:
    """The error for a message that is too long to be read, or for a key that is no list."""
    if message.length == NOT_A_LIST:
        return Unreadable("the list", f"it was a {message.head.decode(errors='replace')}")
    return GiveUp(
        Reason.TOO_LONG, f"it has {message.length} bytes, more than {max_bytes} (MESSAGE_MAX_BYTES)"
    )
