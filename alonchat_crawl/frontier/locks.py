"""Locks that one worker holds for a time; one that would never end is nobody's."""

from redis.asyncio import Redis

from alonchat_crawl.frontier.transitions import bare_script


async def take_lock(redis: Redis, key: str, token: bytes, ms: int) -> bool:
    """Take a lock, or hold it for longer; False where another has it. May raise redis.RedisError."""
    return bool(await redis.register_script(bare_script("lock"))(keys=[key], args=[token, ms]))
