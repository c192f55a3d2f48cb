"""Errors of the verbs: nothing was done, and why."""

from collections.abc import Sequence


class NotPossibleError(Exception):
    """What was asked for cannot be done. The error's text says why, in a sentence."""


class NotFoundError(NotPossibleError):
    """There is no such source, project or answer."""


class AmbiguousError(NotPossibleError):
    """A shortened id fits several."""

    def __init__(self, prefix: str, candidates: Sequence[object], *, more: bool) -> None:
        self.candidates = tuple(map(str, candidates))
        rest = " and more" if more else ""
        super().__init__(f"{prefix} may be {', '.join(self.candidates)}{rest}: write more of it.")
