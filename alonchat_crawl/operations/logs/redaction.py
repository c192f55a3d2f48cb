"""Removes secrets from everything that leaves the process: log lines, events, health answers.

Three kinds are removed: the values that this process was configured with; what looks like a secret (headers,
bearer tokens, JWTs, values with secret names); and, of URLs, everything that is not clearly harmless
(`shown_urls`). Every expression is linear in the text, which may come from a hostile site.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from math import isfinite
from typing import Final, Self
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from scrapy.settings import BaseSettings

from alonchat_crawl.environment import SECRETS
from alonchat_crawl.operations.logs.secret_names import is_secret_name
from alonchat_crawl.operations.logs.shown_urls import HIDDEN, shown_urls

MAX_DEPTH: Final = 12  # deeper structures are shown as text
MIN_VALUE_CHARS: Final = 6  # shortest variable that is hidden: "true" or "1" would hide half of the log
MIN_PASSWORD_CHARS: Final = 3  # shortest password of a connection that is hidden

_SECRET_VARIABLE: Final = re.compile(r"KEY|SECRET|TOKEN|PASSWORD|PASSWD|_DSN", re.IGNORECASE)

_QUOTED: Final = r""""(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'"""
_HEADER: Final = re.compile(
    r"\b((?:proxy-)?authorization|(?:set-)?cookie|x-(?:api-key|auth-token|csrf-token))(\\?[\"']?\s*[:=]\s*)"
    rf"(?:\[[^\]\n]*\]|b?(?:{_QUOTED})|[^\r\n]+)",
    re.IGNORECASE,
)
_MAPPING: Final = re.compile(rf"""(["'])([\w.\- ]{{1,100}})\1(\s*:\s*)b?(?:{_QUOTED})""")
_PAIR: Final = re.compile(
    rf"""(?<![\w.%\[\]-])([\w.%\[\]-]{{1,200}})=(?:{_QUOTED}|[^\s&;"'<>\#]+)""",
)
_BEARER: Final = re.compile(r"\b(bearer\s+)[\w.~+/=-]{16,}", re.IGNORECASE)
_JWT: Final = re.compile(r"\beyJ[\w-]{5,}\.[\w-]+\.[\w-]*")


def _secrets_of_url(url: str) -> set[str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return set()
    found = {parts.password or "", unquote(parts.password or "")}
    found |= {value for name, value in parse_qsl(parts.query) if is_secret_name(name)}
    if parts.scheme.startswith("http"):  # a DSN has its key in place of a user name
        found.add(parts.username or "")
    return {secret for secret in found if len(secret) >= MIN_PASSWORD_CHARS}


class Redactor:
    """Replaces secrets by `[hidden]`, in text and in nested values."""

    def __init__(
        self,
        secrets: Iterable[str] = (),
        max_chars: int | None = None,
        of_files: Callable[[], bool] = lambda: False,
    ) -> None:
        """If `of_files` returns true, the current work is an upload, and all queries of URLs are hidden."""
        spellings = {form for secret in secrets for form in (secret, quote(secret, ""), repr(secret)[1:-1])}
        # The longest first, so that no secret survives as the rest of a shorter one.
        ordered = sorted(filter(None, spellings), key=len, reverse=True)
        self._values = re.compile("|".join(map(re.escape, ordered))) if ordered else None
        self.max_chars = max_chars
        self._of_files = of_files

    @classmethod
    def from_settings(
        cls,
        settings: BaseSettings,
        environ: Mapping[str, str],
        max_chars: int | None = None,
        of_files: Callable[[], bool] = lambda: False,
    ) -> Self:
        """Hide secret settings and every environment variable that is named like a secret."""
        urls = {str(settings[name]) for name in SECRETS if settings.get(name)}
        secrets = urls.union(*map(_secrets_of_url, urls))
        for name, value in environ.items():
            if name in SECRETS or _SECRET_VARIABLE.search(name):
                secrets |= _secrets_of_url(value)
                secrets |= {value} if len(value) >= MIN_VALUE_CHARS else set()
        return cls(secrets, max_chars, of_files)

    def text(self, text: str) -> str:
        """Return the text without secrets, cut to `max_chars`."""
        if self._values:
            text = self._values.sub(HIDDEN, text)
        text = _HEADER.sub(rf"\1\2{HIDDEN}", text)
        text = _MAPPING.sub(
            lambda found: (
                f"{found[1]}{found[2]}{found[1]}{found[3]}{found[1]}{HIDDEN}{found[1]}"
                if is_secret_name(found[2])
                else found[0]
            ),
            text,
        )
        text = _PAIR.sub(lambda found: f"{found[1]}={HIDDEN}" if is_secret_name(found[1]) else found[0], text)
        text = shown_urls(text, files=self._of_files())
        text = _JWT.sub(HIDDEN, _BEARER.sub(rf"\1{HIDDEN}", text))
        if self.max_chars is not None and len(text) > self.max_chars:
            return f"{text[: self.max_chars]}… ({len(text)} characters)"
        return text

    def value(self, value: object, depth: int = 0) -> object:
        """Return a JSON value without secrets. Other objects are converted to text."""
        if value is None or isinstance(value, (bool, int)):
            return value
        if isinstance(value, float):
            return value if isfinite(value) else str(value)
        if depth < MAX_DEPTH and isinstance(value, Mapping):
            return {self.text(str(key)): self._field(str(key), one, depth) for key, one in value.items()}
        if depth < MAX_DEPTH and isinstance(value, (list, tuple, set, frozenset)):
            return [self.value(one, depth + 1) for one in value]
        return self.text(str(value))

    def _field(self, name: str, value: object, depth: int) -> object:
        if value and not isinstance(value, (bool, int, float)) and is_secret_name(name):
            return HIDDEN
        return self.value(value, depth + 1)
