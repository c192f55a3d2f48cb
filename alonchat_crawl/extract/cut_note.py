"""How a text says that it was cut, and where: the same words wherever that happens."""


def cut_note(what: str, kept: int, total: int | None = None) -> str:
    """Return the sentence that stands at the end of what was kept; `total` None where nobody has counted."""
    return f"… cut after {kept} {what} of {total}." if total else f"… cut after {kept} {what}."
