"""Locks that one worker holds for a limited time. A lock without an expiry counts as free."""

from redis.asyncio import Redis

from alonchat_crawl.frontier.transitions import lock_script


async def take_lock(redis: Redis, key: str, token: bytes, ms: int) -> bool:
    """Take or extend a lock; False if another worker holds it. Raises redis.RedisError."""
    return bool(await redis.register_script(lock_script())(keys=[key], args=[token, ms]))
