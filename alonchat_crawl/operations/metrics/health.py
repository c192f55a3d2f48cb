"""Readiness: Redis and Postgres answer, and no page waits for the model to load."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from time import monotonic

Check = Callable[[], Awaitable[str]]
"""Returns an empty text if all is well, else what is missing in a few words. May raise anything."""


class Readiness:
    """Runs all checks at once, each with a timeout, and caches the result for a moment."""

    def __init__(self, checks: Mapping[str, Check], timeout_seconds: float, cache_seconds: float) -> None:
        self.checks = checks
        self.timeout_seconds = timeout_seconds
        self.cache_seconds = cache_seconds
        self._asking: asyncio.Task[dict[str, str]] | None = None
        self._asked_at = 0.0

    async def missing(self) -> dict[str, str]:
        """Return what is missing, by check; empty if this worker is ready."""
        fresh = self._asking and (
            not self._asking.done() or monotonic() - self._asked_at < self.cache_seconds
        )
        if not self._asking or not fresh:
            self._asked_at = monotonic()
            self._asking = asyncio.ensure_future(self._ask())
        # Shielded: a client that hangs up must not cancel the checks for the others.
        return await asyncio.shield(self._asking)

    async def _ask(self) -> dict[str, str]:
        answers = await asyncio.gather(*map(self._ask_one, self.checks.values()))
        return {part: answer for part, answer in zip(self.checks, answers, strict=True) if answer}

    async def _ask_one(self, check: Check) -> str:
        try:
            return await asyncio.wait_for(check(), self.timeout_seconds)
        except TimeoutError:
            return f"does not answer within {self.timeout_seconds:g} s"
        except Exception as error:  # noqa: BLE001 - any error means not ready
            return f"does not answer ({type(error).__name__})"  # the message may name hosts and users
