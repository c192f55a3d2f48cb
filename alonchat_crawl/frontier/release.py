"""What the frontier is told when a request has left its site, so that it frees and paces the domain."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Release:
    """The request of a lease, or of a reservation, has left its site."""

    hold_id: str
    """The lease's id, or the id that the domain was reserved under."""
    domain: str
    elapsed_seconds: float
    """Since it was sent."""
    pace_seconds: float
    """From when it was sent until the next request may be."""
    asked_seconds: float = 0.0
    """How long the site asked us to wait (Retry-After)."""
    sign: int = 0
    """1: the site answers; -1: it is too busy, so that the domain backs off; 0: neither."""
    delay_seconds: float = 0.0
    """AutoThrottle's delay, kept for the domain for all workers; 0 forgets the one before."""
    site: str = ""
    """The registrable domain that all of the above is of, if `domain` is an address that sites share."""
    address_pace_seconds: float = 0.0
    """The address's own pace, if there is a site."""
    address_sign: int = 0
    """The address's own sign, if there is a site."""

    def arguments(self) -> tuple[str | int, ...]:
        """What the transition `release` is passed: the time gone by is rounded down, the others up.

        So no request is sent a millisecond too early.
        """
        return (
            self.hold_id,
            self.domain,
            int(self.elapsed_seconds * 1000),
            whole_ms(self.pace_seconds),
            whole_ms(self.asked_seconds),
            self.sign,
            whole_ms(self.delay_seconds),
            self.site,
            whole_ms(self.address_pace_seconds),
            self.address_sign,
        )


def whole_ms(seconds: float) -> int:
    """Milliseconds, rounded up."""
    return int(-(-seconds * 1000 // 1))
