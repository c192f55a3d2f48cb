"""Recognises the names of fields, headers and parameters whose values are secrets. Pure."""

import re
from typing import Final
from urllib.parse import unquote

FIELDS: Final = frozenset(
    {"auth", "authorization", "cookie", "credential", "credentials", "jwt", "key", "pass", "passwd"}
    | {"password", "pwd", "secret", "session", "sessionid", "sid", "sig", "signature", "token"}
)
"""Names of secrets in any text."""
PARAMETERS: Final = FIELDS | frozenset(
    {"authkey", "bearer", "code", "cvc", "cvv", "hash", "hdnts", "hmac", "nonce", "otp", "passcode"}
    | {"passphrase", "pin", "policy", "pw", "resourcekey", "rlkey", "sas", "sign", "state", "ticket", "tok"}
)
"""Names of secrets in URLs, where a plain word or a number may be a secret, too."""
ENDINGS: Final = (
    *("token", "secret", "password", "passwd", "signature", "apikey", "accesskey"),
    *("sid", "sessionid"),  # PHPSESSID, JSESSIONID
)
WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")


def is_secret_name(name: str, secret: frozenset[str] = FIELDS) -> bool:
    """Whether one of a name's words, or all words joined, is in `secret` or ends like the name of a secret.

    The name may be percent-encoded, and in any style: `X-Api-Key`, `accessToken`, `client_secret`.
    """
    words = [word.lower() for word in WORDS.findall(unquote(name))]
    return any(word in secret or word.endswith(ENDINGS) for word in [*words, "".join(words)])
