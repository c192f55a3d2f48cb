"""Remove characters that no reader sees: they hide instructions, break searches, or Postgres refuses them."""

import re
import unicodedata
from collections import Counter

# By kind. The joiners ZWNJ and ZWJ stay between two letters of a script that needs them, and between parts
# of an emoji; anywhere else they are invisible, too.
INVISIBLE = {
    "control": re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufff9-\ufffb]"),
    "surrogate": re.compile("[\ud800-\udfff]"),
    "bidi": re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"),
    "zero_width": re.compile(
        "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0]"
        "|(?<![\u0590-\u1cff\u200d\ufe0e\ufe0f\u2190-\u2bff\U0001f000-\U0001faff])[\u200c\u200d]"
        "|[\u200c\u200d](?![\u0590-\u1cff\u2190-\u2bff\U0001f000-\U0001faff])"
    ),
    # Each variation selector can carry a byte; after a visible character only the first is real.
    "variation": re.compile("(?<=[\ufe00-\ufe0f\U000e0100-\U000e01ef])[\ufe00-\ufe0f\U000e0100-\U000e01ef]"),
    "tag": re.compile("[\U000e0000-\U000e007f]"),
    "noncharacter": re.compile("[\ufdd0-\ufdef\ufffe\uffff]"),
}
ANY_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff9-\uffff\U000e0000-\U000e01ef]"
)
LINE_END = re.compile("\r\n?|[\u0085\u2028\u2029]")


def clean_text(text: str) -> tuple[str, Counter[str]]:
    """Return `text` without invisible characters, and how many of each kind it had.

    It comes in NFC, and its lines end with line feeds only.
    """
    removed: Counter[str] = Counter()
    text = LINE_END.sub("\n", text)
    if not ANY_INVISIBLE.search(text):
        return unicodedata.normalize("NFC", text), removed
    for kind, pattern in INVISIBLE.items():
        text, count = pattern.subn("", text)
        if count:
            removed[kind] += count
    return unicodedata.normalize("NFC", text), removed
