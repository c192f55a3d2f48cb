"""Names of fields, headers and parameters whose value is a secret. Pure."""

import re
from typing import Final
from urllib.parse import unquote

FIELDS: Final = frozenset(
    {"auth", "authorization", "cookie", "credential", "credentials", "jwt", "key", "pass", "passwd"}
    | {"password", "pwd", "secret", "session", "sessionid", "sid", "sig", "signature", "token"}
)
"""In whatever is logged."""
PARAMETERS: Final = FIELDS | frozenset(
    {"authkey", "bearer", "code", "cvc", "cvv", "hash", "hdnts", "hmac", "nonce", "otp", "passcode"}
    | {"passphrase", "pin", "policy", "pw", "resourcekey", "rlkey", "sas", "sign", "state", "ticket", "tok"}
)
"""In a URL, where a plain word or a number may be a secret, too."""
ENDINGS: Final = (
    *("token", "secret", "password", "passwd", "signature", "apikey", "accesskey"),
    *("sid", "sessionid"),  # PHPSESSID, JSESSIONID
)
WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")


def is_secret_name(name: str, secret: frozenset[str] = FIELDS) -> bool:
    """Whether one of a name's words, or all of them joined, is `secret` or ends like a secret's name.

    The name may be percent-encoded, and written in any style: `X-Api-Key`, `accessToken`, `client_secret`.
    """
    words = [word.lower() for word in WORDS.findall(unquote(name))]
    return any(word in secret or word.endswith(ENDINGS) for word in [*words, "".join(words)])
