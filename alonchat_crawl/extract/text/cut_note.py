"""How a text says that it was cut, and where: the same words wherever that happens."""


def cut_note(what: str, kept: int, total: int | None = None, *, more: bool = False) -> str:
    """Return the sentence that stands at the end of what was kept.

    `total` is None where nobody has counted; `more` is true where there are more than were counted.
    """
    if total is None:
        return f"… cut after {kept} {what}."
    return f"… cut after {kept} {what} of {'more than ' if more else ''}{total}."
