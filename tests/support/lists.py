"""The web app's lists as the tests look at them: what is in a list, or parted into its projects' lanes."""

from typing import Any

import redis
from redis.asyncio import Redis

from alonchat_crawl.frontier.transitions import awaited


def _text(found: bytes | str) -> str:
    return found if isinstance(found, str) else found.decode()  # some clients decode


def _lane(key: str, project: bytes | str) -> str:
    return f"{{{key}}}:lane:{_text(project)}"


def _read(messages: list[bytes | str]) -> list[str]:
    return [_text(message) for message in reversed(messages)]


def unread(client: redis.Redis, key: str) -> list[str]:
    """The messages that no worker has acted on, each project's oldest first."""
    found: Any = client.lrange(key, 0, -1)  # first: what is parted meanwhile is seen twice, not never
    lanes: Any = client.zrange(f"{{{key}}}:lanes", 0, -1)
    parted: list[Any] = [client.lrange(_lane(key, lane), 0, -1) for lane in lanes]
    return [message for some in (*parted, found) for message in _read(some)]


async def unread_by(client: Redis, key: str) -> list[str]:
    """The same by an asynchronous client."""
    found = await awaited(client.lrange(key, 0, -1))
    lanes: Any = await client.zrange(f"{{{key}}}:lanes", 0, -1)
    parted = [await awaited(client.lrange(_lane(key, lane), 0, -1)) for lane in lanes]
    return [message for some in (*parted, found) for message in _read(some)]
