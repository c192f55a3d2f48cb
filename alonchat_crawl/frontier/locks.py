"""Locks that one worker holds for a limited time. A lock without an end is taken as nobody's."""

from redis.asyncio import Redis

from alonchat_crawl.frontier.transitions import lock_script


async def take_lock(redis: Redis, key: str, token: bytes, ms: int) -> bool:
    """Take a lock, or hold it for longer; False if another worker has it. May raise redis.RedisError."""
    return bool(await redis.register_script(lock_script())(keys=[key], args=[token, ms]))
