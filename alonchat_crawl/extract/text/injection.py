"""Text that speaks to a language model instead of a reader: it is counted and stays in the page.

The count is a signal for whoever answers from the page, not a defence: there are endless wordings. Counted
are the forms that OWASP's LLM01 (prompt injection) lists, in some languages, and the marks of chat templates;
a text *about* prompt injection has them, too. The text is hostile: each expression takes linear time.
"""

import re
import unicodedata
from collections.abc import Iterator

PIECE_CHARS = 1 << 20
_GAP = re.compile(r"[\s*\"'’>-]+")  # between two words of a phrase: no other punctuation
_FEW = r"(?: \w{1,20}){0,2} "  # at most two words between them
_MODEL = (
    r"(?:ai|llm|gpt|claude|gemini|assistant|chat ?bot|(?:large )?language model)s?"
    r"(?: (?:assistant|model|agent|system|crawler)s?)?"
)
# (words, the phrase): a text without one of the words cannot have the phrase. Looking for the words first
# takes a tenth of the time, and most pages have none.
_PHRASES = [
    (needs.split("|"), re.compile("".join(phrase)))
    for needs, *phrase in (
        # It wants earlier instructions forgotten.
        (
            "ignore|disregard|forget|override|bypass",
            rf"\b(?:ignore|disregard|forget|override|bypass){_FEW}",
            rf"(?:previous|prior|above|earlier|preceding|your|system){_FEW}",
            r"(?:instruction|prompt|rule|guideline|direction|programming|training)s?\b",
        ),
        (
            "anweisung|vorgabe|regel",
            rf"\b(?:ignorier|vergiss|missacht)\w{{0,3}}{_FEW}",
            rf"(?:vorherig|bisherig|vorig|obig|früher)\w{{1,3}}{_FEW}(?:anweisung|vorgabe|regel)",
        ),
        (
            "précédent|antérieur",
            rf"\b(?:ignor|oubli)\w{{1,4}}{_FEW}(?:instruction|consigne|règle)s?{_FEW}(?:précédent|antérieur)",
        ),
        (
            "anterior|previa|prévia",
            rf"\b(?:ignor|olvid|esque)\w{{1,4}}{_FEW}(?:instru[cç]\w{{1,6}}|reglas|regras){_FEW}",
            "(?:anterior|previa|prévia)",
        ),
        ("precedenti", rf"\b(?:ignora|dimentica)\w{{0,4}}{_FEW}(?:istruzioni|regole){_FEW}precedenti"),
        ("negeer", rf"\bnegeer{_FEW}(?:vorige|eerdere|bovenstaande){_FEW}(?:instructies|regels)"),
        (
            "игнорируй|забудь",
            rf"\b(?:игнорируй|забудь)\w{{0,2}}{_FEW}(?:предыдущ|прежн)\w{{1,3}}{_FEW}",
            "(?:инструкци|указани|правил)",
        ),
        (
            "忽略|无视|忘记",
            "(?:忽略|无视|忘记)[^。]{0,8}(?:之前|以上|先前|前面)[^。]{0,8}(?:指令|指示|说明|提示)",
        ),
        ("無視|忘れ", "(?:以前|上記|これまで)[^。]{0,8}(?:指示|命令|ルール)[^。]{0,4}(?:無視|忘れ)"),
        # It speaks to the model itself.
        (
            "ai|llm|language model|chatbot|chat bot|gpt|claude|gemini|assistant",
            r"\b(?:note|message|instruction|attention|warning|reminder)s? (?:to|for) ",
            rf"(?:(?:the|any|all|every) ){{0,2}}{_MODEL} ?[:,]",
        ),
        ("if you", rf"\bif you(?: a)?(?: ?re)? (?:an? )?{_MODEL}\b"),
        (
            "prompt|hidden instruction|initial instruction",
            rf"\b(?:reveal|print|repeat|output|leak|show|disclose){_FEW}",
            r"(?:(?:system|initial|hidden|developer) prompt|(?:hidden|initial) instruction)",
        ),
        (
            "the user",
            r"\b(?:do not|don ?t|never|without) (?:tell|inform|mention|alert|warn)(?:ing)?",
            rf"{_FEW}the user\b",
        ),
        ("you are now", rf"\byou are now{_FEW}(?:dan|jailbroken|unrestricted|unfiltered|developer mode)\b"),
        ("system", r"\b(?:new|updated|real|actual) system (?:prompt|instruction)s?\b"),
        # The marks of chat templates: they end the user's part and begin another's.
        ("<|", r"<\|(?:im_start|im_end|system|user|assistant|endoftext|begin_of_text|eot_id)\|"),
        ("[inst]|[/inst]|<<sys|<</sys|<start_of|<end_of", r"\[/?inst\]|<</?sys|<(?:start|end)_of_turn"),
        ("# system|# instruction|#system|#instruction", r"##(?: ?system| ?instructions?):"),
    )
]


def instructions(text: str) -> int:
    """Count the places of a text that look like instructions for a language model."""
    return sum(map(_found, _pieces(text)))


def _pieces(text: str) -> Iterator[str]:
    """Yield the text in pieces that end with a line: the search makes a few copies of each."""
    start = 0
    while start < len(text):
        end = start + PIECE_CHARS
        if end < len(text):
            end = text.rfind("\n", start, end) + 1 or end
        yield text[start:end]
        start = end


def _found(text: str) -> int:
    # Full-width letters and other look-alikes are read as the plain ones (UAX #15).
    plain = _GAP.sub(" ", unicodedata.normalize("NFKC", text).casefold())
    return sum(
        sum(1 for _ in phrase.finditer(plain))
        for needs, phrase in _PHRASES
        if any(word in plain for word in needs)
    )
