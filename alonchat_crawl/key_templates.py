"""What is said of each kind of Redis key: see `redis_keys.py`, which lists them."""

import re
from dataclasses import dataclass
from enum import StrEnum
from string import Formatter


class RedisType(StrEnum):
    """What the command TYPE answers."""

    STRING = "string"
    HASH = "hash"
    LIST = "list"
    SET = "set"
    ZSET = "zset"
    STREAM = "stream"
    ANY = "any"
    """Whatever somebody else wrote there."""


class Owner(StrEnum):
    """Whose data a key holds: what must go if a tenant is erased."""

    SOURCE = "a source"
    TENANT = "a tenant"
    MANY = "many tenants: each member or field is of one"
    SITE = "nobody: what is known of a site"
    NOBODY = "nobody: a counter or a lock"
    LETTER = "whoever its dead letter names"


class Slot(StrEnum):
    """Which slot of a cluster a key lies in."""

    SHARD = "its shard's"
    LIST = "its list's"
    OWN = "its own"


@dataclass(frozen=True, slots=True)
class RedisKey:
    """One kind of key."""

    template: str
    type: RedisType
    owner: Owner
    slot: Slot
    holds: str
    lifetime: str

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of what is put into the template, in its order."""
        return tuple(name for _, name, _, _ in Formatter().parse(self.template) if name)

    def of(self, **parts: object) -> str:
        """The name of one such key."""
        return self.template.format(**parts)

    def pattern(self, **parts: object) -> str:
        """A pattern for the commands KEYS and SCAN: any value for each part that is not given."""
        given = {name: re.sub(r"([\\*?\[\]])", r"\\\1", str(value)) for name, value in parts.items()}
        return self.template.format(**(dict.fromkeys(self.parts, "*") | given))
