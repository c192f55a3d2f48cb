"""The crawler's name: what is sent as User-Agent, and the product token in it."""

import re

TOKEN = re.compile(r"(?:.*\bcompatible;\s*)?([A-Za-z_-]+)(?=[/\s;),]|$)")
CONTACT = re.compile(r"https?://[^\s/;,()]+\.[^\s;,()]+|[^\s@;,()+]+@[^\s@;,()]+\.[^\s@;,()]+")
NOT_OURS = frozenset({"mozilla", "robots"})
"""Every browser's name begins with `mozilla`; `robots` would mean all robots."""


def product_token(agent: str) -> str:
    """The product token of a User-Agent, in lower case; empty if there is none.

    RFC 9309, section 2.2.1: letters, `_` and `-`. After `compatible;` if that is there, as in its example.
    """
    found = TOKEN.match(agent)
    token = found[1].lower() if found else ""
    return "" if token in NOT_OURS else token


def checked_user_agent(agent: str) -> str:
    """Return `agent` if it tells sites who asks and whom to contact; else raise ValueError."""
    if not (agent.isascii() and agent.isprintable()):
        raise ValueError("it must be of printable ASCII characters, in one line")
    if not product_token(agent):
        raise ValueError(
            "it must begin with a product token of letters, _ and -, as in ExampleBot/1.0, "
            "which robots.txt files can name (RFC 9309, section 2.2.1)"
        )
    if not CONTACT.search(agent):
        raise ValueError("it must hold a URL or an e-mail address where its operator can be reached")
    return agent
