"""The note at the end of a text that was cut: where, in the same words everywhere."""


def cut_note(what: str, kept: int, total: int | None = None, *, more: bool = False) -> str:
    """Return the sentence to put at the end of what was kept.

    `total` is None if nobody has counted; `more` is true if there are more than were counted.
    """
    if total is None:
        return f"… cut after {kept} {what}."
    return f"… cut after {kept} {what} of {'more than ' if more else ''}{total}."
