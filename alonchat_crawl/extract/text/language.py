"""The language of a text."""

import re

PREFIX_CHARS = 2000  # enough to be sure; 0.7 ms
LETTERS_MIN = 60  # fewer letters would only allow a guess
NOT_PROSE = re.compile(r"^[ >]*(`{3,}).*?(?:^[ >]*\1|\Z)|`[^`\n]*`|\]\([^)\s]*\)", re.MULTILINE | re.DOTALL)


def language(markdown: str) -> str:
    """Return the ISO 639-1 code of the prose of `markdown`; empty if it is too short to tell."""
    prose = NOT_PROSE.sub(" ", markdown[: 4 * PREFIX_CHARS])[:PREFIX_CHARS]
    if sum(map(str.isalpha, prose)) < LETTERS_MIN:
        return ""
    from py3langid.langid import classify  # noqa: PLC0415  its model takes 0.6 s to load: not before the first page

    code = str(classify(prose)[0])  # type: ignore[no-untyped-call]
    return code if len(code) == 2 else ""  # noqa: PLR2004  ISO 639-1 codes have two letters
