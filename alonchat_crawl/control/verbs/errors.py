"""Why a verb did nothing."""

from collections.abc import Sequence


class NotPossibleError(Exception):
    """What was asked for cannot be done; its text is the sentence that says why."""


class NotFoundError(NotPossibleError):
    """There is no such source, project or answer."""


class AmbiguousError(NotPossibleError):
    """An id was shortened so much that it means several."""

    def __init__(self, prefix: str, candidates: Sequence[object], *, more: bool) -> None:
        self.candidates = tuple(map(str, candidates))
        rest = " and more" if more else ""
        super().__init__(f"{prefix} may be {', '.join(self.candidates)}{rest}: write more of it.")
