"""The name that we go by."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from alonchat_crawl.user_agent import checked_user_agent, product_token


@pytest.mark.parametrize(
    ("agent", "token"),
    [
        ("AlonChatBot/1.0 (+https://alonchat.com/bot)", "alonchatbot"),
        ("alonchatbot", "alonchatbot"),
        ("Alon_Chat-Bot/2", "alon_chat-bot"),
        ("AlonChatBot (+https://alonchat.com/bot)", "alonchatbot"),
        ("Mozilla/5.0 (compatible; AlonChatBot/1.0; +https://alonchat.com/bot)", "alonchatbot"),
        ("Mozilla/5.0 (X11) AppleWebKit (compatible;AlonChatBot/1.0)", "alonchatbot"),
        ("Mozilla/5.0 (compatible; AlonChatBot)", "alonchatbot"),
        ("Mozilla/5.0", ""),
        ("Mozilla/5.0 (compatible; Bot2/1.0)", ""),
        ("Bot2/1.0", ""),
        ("robots", ""),
        ("(+https://alonchat.com/bot)", ""),
        ("1Bot", ""),
        ("", ""),
        (" ", ""),
    ],
)
def test_product_token(agent: str, token: str) -> None:
    """Letters, _ and -, however they are dressed (RFC 9309, 2.2.1); a browser's name is nobody's."""
    assert product_token(agent) == token


@pytest.mark.parametrize(
    "agent",
    [
        "AlonChatBot/1.0 (+https://alonchat.com/bot)",
        "AlonChatBot/1.0 (bots@alonchat.com)",
        "Mozilla/5.0 (compatible; Alon-Chat_Bot/1.0; +http://alonchat.com)",
        "AlonChatBot (mailto:a.b+c@alonchat.co.uk)",
    ],
)
def test_what_may_be_sent(agent: str) -> None:
    """A token and somebody to turn to."""
    assert checked_user_agent(agent) == agent


@pytest.mark.parametrize(
    ("agent", "why"),
    [
        ("AlonChatBot/1.0", "URL or an e-mail"),
        ("AlonChatBot/1.0 (+https://)", "URL or an e-mail"),
        ("AlonChatBot/1.0 (@alonchat.com)", "URL or an e-mail"),
        ("Bot2/1.0 (+https://alonchat.com/bot)", "product token"),
        ("Mozilla/5.0 (+https://alonchat.com/bot)", "product token"),
        ("AlönBot/1.0 (+https://alonchat.com/bot)", "ASCII"),
        ("AlonChatBot/1.0\r\nX: y (+https://alonchat.com/bot)", "ASCII"),
        ("AlonChatBot/1.0\n(+https://alonchat.com/bot)", "ASCII"),
        ("AlonChatBot/1.0 (+https://alonchat.com/bot)\x00", "ASCII"),
    ],
)
def test_what_may_not(agent: str, why: str) -> None:
    """Nothing that a site could not name, answer or parse."""
    with pytest.raises(ValueError, match=why):
        checked_user_agent(agent)


def test_at_start_up(tmp_path: Path) -> None:
    """A bad CRAWLER_USER_AGENT ends the process with one sentence."""
    environment = os.environ | {"CRAWLER_USER_AGENT": "bot 2", "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", "import alonchat_crawl.settings"]
    ended = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    [sentence] = ended.stderr.splitlines()
    assert sentence.startswith("CRAWLER_USER_AGENT='bot 2' cannot be used: it ")
    assert "e-mail address" in sentence
