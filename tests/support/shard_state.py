"""One shard of the frontier, read whole, and what must hold of it at any moment."""

from collections import Counter, defaultdict
from typing import Any

import msgpack
import redis

from alonchat_crawl.frontier.keys import ShardKeys

FARAWAY_MS = 300_000
"""A held domain is not due before this much time has gone by, nor anything that waits for an hour."""

OUTCOMES = ("n:stored", "n:unchanged", "n:followed", "n:refused", "n:dead")


def unpacked(packed: bytes) -> Any:
    """A value that a transition wrote as msgpack: its text as bytes, for an entry is text to Lua."""
    return msgpack.unpackb(packed, raw=True)  # type: ignore[no-untyped-call, attr-defined]


def _decoded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name.decode(): _decoded(one) for name, one in value.items()}
    return value.decode() if isinstance(value, bytes) else value


class ShardState:
    """Everything that a shard holds, under the names of `redis_keys.py`."""

    def __init__(self, client: redis.Redis, shard: int = 0) -> None:
        prefix = f"{ShardKeys(shard).prefix}:"
        found: Any = client.keys(f"{prefix}*")
        names = [name.decode() for name in found]
        values = dict(
            zip((name.removeprefix(prefix) for name in names), read_values(client, names), strict=True)
        )
        self.now_ms: int = int(client.time()[0]) * 1000
        self.values = {name: value for name, value in values.items() if value}
        self.tenants: dict[str, float] = self._plain("tenants")
        self.waiting: dict[str, float] = self._plain("waiting")
        self.ready: dict[str, dict[str, float]] = self._family("ready")
        self.domains: dict[str, dict[str, str]] = self._family("domain")
        turns = self._family("turns")
        self.turns: dict[str, dict[str, float]] = {k: v for k, v in turns.items() if ":" not in k}
        self.turns_in: dict[str, dict[str, float]] = {k: v for k, v in turns.items() if ":" in k}
        self.sources: dict[str, dict[str, str]] = self._family("source")
        self.domains_of: dict[str, set[str]] = {
            source: {domain.decode() for domain in members}
            for source, members in self._family("domains", decode=False).items()
        }
        self.running: set[str] = {member.decode() for member in self.values.get("running", ())}
        self.completed: dict[str, float] = self._plain("completed")
        self.pending = int(self.values.get("pending", 0))
        self.lease: dict[str, float] = self._plain("lease")
        self.delayed: dict[str, float] = self._plain("delayed")
        self.delayed_of: dict[str, dict[bytes, float]] = self._family("delayed", decode=False)
        self.seen: dict[str, dict[int, set[int]]] = defaultdict(dict)
        for name, members in self._family("seen", decode=False).items():
            source, bucket = name.split(":")
            self.seen[source][int(bucket)] = {int(member) for member in members}
        self._place_entries()

    def _plain(self, name: str) -> dict[str, float]:
        return _decoded(self.values.get(name, {}))  # type: ignore[no-any-return]

    def _family(self, kind: str, *, decode: bool = True) -> dict[str, Any]:
        start = f"{kind}:"
        found = {name.removeprefix(start): v for name, v in self.values.items() if name.startswith(start)}
        return {name: _decoded(value) if decode else value for name, value in found.items()}

    def _place_entries(self) -> None:
        """Where each URL of each source waits, or that it is in flight."""
        self.queued: dict[str, list[str]] = defaultdict(list)
        self.retrying: dict[str, list[str]] = defaultdict(list)
        self.in_flight: dict[str, list[str]] = defaultdict(list)
        self.woken_in: dict[str, set[str]] = defaultdict(set)
        """Domains in which a retry of the source lets it take part again."""
        self.leases: dict[str, tuple[str, str, str]] = {}
        self.queues: dict[str, tuple[str, str]] = {}
        for name, entries in self._family("queue", decode=False).items():
            domain, source = name.split(":")
            self.queues[name] = domain, source
            self.queued[source] += [self._url(source, entry) for entry in entries]
        for source, members in self.delayed_of.items():
            self.retrying[source] += [self._url(source, unpacked(packed)[1]) for packed in members]
            self.woken_in[source] = {unpacked(packed)[0].decode() for packed in members}
        for lease_id, packed in self.values.get("inflight", {}).items():
            owner, domain, entry = unpacked(packed)
            source, url = owner.decode(), self._url(owner.decode(), entry)
            self.leases[lease_id.decode()] = source, domain.decode(), url
            self.in_flight[source].append(url)

    def _url(self, source: str, entry: bytes) -> str:
        _, _, origin, path, *_ = unpacked(entry)
        start = self.sources[source]["origins"].split()[origin] if origin >= 0 else ""
        return f"{start}{path.decode()}"

    def places(self, source: str) -> list[str]:
        """The URLs of a source that have not ended: each as often as it is somewhere."""
        return self.queued[source] + self.retrying[source] + self.in_flight[source]

    def ended(self, source: str) -> int:
        """How many URLs of a source have ended."""
        return sum(int(self.sources[source].get(outcome, 0)) for outcome in OUTCOMES)

    def pages(self, source: str) -> int:
        """How many pages of a source are in the store by this run."""
        return sum(int(self.sources[source].get(outcome, 0)) for outcome in OUTCOMES[:2])

    def check(self) -> None:
        """What holds of every shard between any two transitions."""
        self._check_counts()
        self._check_sources()
        self._check_turns()
        self._check_tenants()
        self._check_seen()

    def _check_counts(self) -> None:
        for source, known in self.sources.items():
            places = self.places(source)
            assert [url for url, n in Counter(places).items() if n > 1] == [], "a URL is in two places"
            assert int(known["pending"]) == len(places)
            assert int(known["leased"]) == len(self.in_flight[source])
        everywhere = [*self.queued, *self.retrying, *self.in_flight]
        assert set(everywhere) <= set(self.sources), "URLs of a source that nobody knows"
        assert self.pending == sum(int(known["pending"]) for known in self.sources.values())
        assert set(self.lease) == set(self.leases)

    def _check_sources(self) -> None:
        states = {source: known["state"] for source, known in self.sources.items()}
        assert self.running == {source for source, state in states.items() if state in {"running", "paused"}}
        for source in set(self.completed) | (set(states) - self.running):
            assert states[source] in {"completed", "cancelled", "opening"}
            assert self.places(source) == []
            assert source not in self.domains_of, "a source that is done has domains"
        for source in self.delayed_of.keys() | self.delayed.keys():
            assert self.delayed[source] <= min(self.delayed_of[source].values()), "a retry is looked at late"

    def _check_turns(self) -> None:
        for domain, source in self.queues.values():
            assert domain in self.domains_of[source]
            tenant = self.sources[source]["tenant"]
            if self.sources[source]["state"] == "running":
                awake = source in self.turns_in.get(f"{domain}:{tenant}", ())
                assert awake or domain in self.woken_in[source], "nobody will come for these URLs"
        for name, members in self.turns_in.items():
            domain, tenant = name.split(":")
            assert tenant in self.turns[domain]
            for source in members:
                assert (domain, source) in self.queues.values(), "a turn without URLs"
                assert self.sources[source]["state"] == "running"
        for domain, members in self.turns.items():
            assert all(f"{domain}:{tenant}" in self.turns_in for tenant in members)
            first = min(members, key=lambda tenant: (members[tenant], tenant))
            assert self.domains[domain]["tenant"] == first
            assert domain in self.ready[first]

    def _check_tenants(self) -> None:
        filed = [(domain, tenant) for tenant, own in self.ready.items() for domain in own]
        assert sorted(filed) == sorted(
            (domain, known["tenant"]) for domain, known in self.domains.items() if "tenant" in known
        )
        assert {domain for domain, _ in filed} == set(self.turns)
        assert not self.tenants.keys() & self.waiting.keys()
        for tenant, own in self.ready.items():
            if tenant not in self.tenants:
                assert self.waiting[tenant] <= min(own.values()), "a tenant is looked at late"
        for domain, known in self.domains.items():
            if "hold" in known:
                own = self.ready.get(known.get("tenant", ""), {})
                assert own.get(domain, float(known.get("next", 0))) > self.now_ms + FARAWAY_MS

    def _check_seen(self) -> None:
        for source, buckets in self.seen.items():
            members = [member for own in buckets.values() for member in own]
            count = int(self.sources[source]["seen"])
            assert len(members) == len(set(members)) == count
            for bucket, own in buckets.items():
                assert len(own) <= 512
                assert all(bucket_of(member, max(1, -(-count // 200))) == bucket for member in own)


def bucket_of(fingerprint: int, buckets: int) -> int:
    """Where linear hashing keeps a fingerprint: told anew, not copied from `lua/shared/seen.lua`."""
    digits = int(str(fingerprint)[-15:])
    doubled = 1 << buckets.bit_length()
    bucket = digits % doubled
    while bucket >= buckets:
        doubled //= 2
        bucket = digits % doubled
    return bucket


def read_values(client: redis.Redis, names: list[str]) -> list[Any]:
    """What each key holds, of whatever type."""
    pipeline: Any = client.pipeline(transaction=False)
    for name in names:
        pipeline.type(name)
    kinds = pipeline.execute()
    for name, kind in zip(names, kinds, strict=True):
        if kind == b"zset":
            pipeline.zrange(name, 0, -1, withscores=True)
        elif kind == b"list":
            pipeline.lrange(name, 0, -1)
        elif kind == b"stream":
            pipeline.xrange(name)
        else:
            {b"hash": pipeline.hgetall, b"set": pipeline.smembers}.get(kind, pipeline.get)(name)
    found = pipeline.execute()
    return [dict(v) if kind == b"zset" else v for kind, v in zip(kinds, found, strict=True)]
