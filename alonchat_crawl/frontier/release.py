"""What the frontier must know after a request, to free the domain and to pace it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Release:
    """The request of a lease or of a reservation is over."""

    hold_id: str
    """The lease's id, or the id of the reservation."""
    domain: str
    elapsed_seconds: float
    """Since the request was sent."""
    pace_seconds: float
    """From this request being sent to the next one."""
    asked_seconds: float = 0.0
    """How long the site asked us to wait (Retry-After)."""
    sign: int = 0
    """1: the site answers; -1: it is too busy, so that the domain backs off; 0: neither."""
    delay_seconds: float = 0.0
    """AutoThrottle's delay, kept for the domain for all workers; 0 deletes it."""
    site: str = ""
    """The registrable domain, if `domain` is an address that sites share: the values above are the site's."""
    address_pace_seconds: float = 0.0
    """The pace of the address itself, if there is a site."""
    address_sign: int = 0
    """The sign for the address itself, if there is a site."""

    def arguments(self) -> tuple[str | int, ...]:
        """Arguments of the transition `release`. Elapsed time is rounded down, waits are rounded up.

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
