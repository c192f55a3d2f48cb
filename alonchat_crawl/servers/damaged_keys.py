"""Sets aside Redis keys of ours that something else has damaged, and reports them.

A damaged key is renamed, so that work goes on as if it did not exist. The frontier's Lua scripts do the same
with the frontier's keys (`frontier/lua/shared/damaged_keys.lua`).
"""

from collections.abc import Awaitable, Callable
from secrets import token_hex
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from alonchat_crawl.redis_keys import name_set_aside

OnDamagedKey = Callable[[str, str, str], None]
"""Called with a key that was set aside, what is wrong with it, and its new name."""

KEPT_SECONDS = 30 * 86_400


def ignore_damaged_key(_key: str, _why: str, _aside: str) -> None:
    """Report nothing, so that no dead letter is kept."""


async def set_aside(redis: Redis, key: str, why: str, on_damaged_key: OnDamagedKey) -> None:
    """Rename a key, so that its old name is free, and report it. Raises redis.RedisError."""
    aside = name_set_aside(key, token_hex(8))
    try:
        await redis.rename(key, aside)
    except ResponseError as error:
        if "no such key" in str(error):  # another worker has already renamed it
            return
        raise
    await redis.expire(aside, KEPT_SECONDS)
    on_damaged_key(key, why, aside)


async def run_on_sound_key(
    redis: Redis, key: str, on_damaged_key: OnDamagedKey, work: Callable[[], Awaitable[Any]]
) -> Any:
    """Return the result of `work`. If the key is of the wrong type, set it aside and run `work` again."""
    try:
        return await work()
    except ResponseError as error:
        if not str(error).startswith("WRONGTYPE"):
            raise
    await set_aside(redis, key, "it is of another type", on_damaged_key)
    return await work()
