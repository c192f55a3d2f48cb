"""The names of Redis keys are a contract with deployments that run: an upgrade finds what is there."""

from uuid import UUID

import pytest

from alonchat_crawl import redis_keys
from alonchat_crawl.redis_keys import KEYS, RedisKey, is_set_aside, local_space, name_set_aside, prefix_of

SHARD = {
    "aside:{name}", "clock", "completed", "dead", "dead_bytes", "dead_evicted", "delayed", "delayed:{source}",
    "domain:{domain}", "domains:{source}", "inflight", "lease", "paused", "pending",
    "queue:{domain}:{source}",
    "ready:{tenant}", "running", "seen:{source}:{bucket}", "sequence", "served", "set_aside", "site:{site}",
    "source:{source}", "tenants", "told", "turns:{domain}", "turns:{domain}:{tenant}", "unreadable",
    "waiting",
    "wake",
}  # fmt: skip
OTHERS = {
    "address:{domain}", "frontier:recovery", "frontier:shards", "home:{source}", "robots:{token}:{origin}",
    "tdm:{origin}", "traps:{crawl}", "{list}", "{{{list}}}:guard", "{{{list}}}:guard:aside:{name}",
    "{{{list}}}:lane:{project}", "{{{list}}}:lanes", "{{{list}}}:reader", "{{{key}}}:aside:{name}",
    "{key}:aside:{name}",
}  # fmt: skip


def test_the_names_stay() -> None:
    """Of layout 2. Who changes one raises LAYOUT, and changes this list."""
    assert redis_keys.LAYOUT == 2
    assert {key.template for key in KEYS.values()} == {f"{{shard}}:{words}" for words in SHARD} | OTHERS
    assert prefix_of(0) == "f2:{0}"
    assert prefix_of(7, local_space(UUID(int=1))) == f"local-{UUID(int=1)}:f2:{{7}}"


@pytest.mark.parametrize(
    ("key", "parts", "name"),
    [
        (redis_keys.QUEUE, {"shard": "f2:{0}", "domain": "{a}", "source": 5}, "f2:{0}:queue:{a}:5"),
        (redis_keys.LANE, {"list": "website:start_urls", "project": 5}, "{website:start_urls}:lane:5"),
        (redis_keys.SHARD_COUNT, {}, "frontier:shards"),
    ],
)
def test_a_name_is_made_of_its_parts(key: RedisKey, parts: dict[str, object], name: str) -> None:
    """Braces in a part stay as they are; a missing part is an error, not half a name."""
    assert key.of(**parts) == name
    if parts:
        with pytest.raises(KeyError):
            key.of()


def test_a_pattern_takes_parts_literally() -> None:
    """A part that is given may hold what a pattern gives a meaning to."""
    assert redis_keys.QUEUE.pattern(shard="f2:{0}", domain="a*[b]?") == r"f2:{0}:queue:a\*\[b\]\?:*"


@pytest.mark.parametrize(
    ("key", "aside"),
    [
        ("robots:x:https://a.example", "{robots:x:https://a.example}:aside:0f"),
        ("{website:orders}:lanes", "{website:orders}:lanes:aside:0f"),
    ],
)
def test_what_is_set_aside_stays_in_its_slot(key: str, aside: str) -> None:
    """The new name has the old key's hash tag, or the old key as its tag."""
    assert name_set_aside(key, "0f") == aside
    assert is_set_aside(aside)
    assert not is_set_aside(key)
