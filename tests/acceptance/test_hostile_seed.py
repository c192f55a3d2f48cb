"""A seed's further keys change nothing, from the web app's list to the wire."""

import json
import signal
from pathlib import Path

import redis

from alonchat_crawl.fetch.request_context import META_KEY
from tests.acceptance.conftest import rows, until, worker
from tests.sites.raw import RawSite, http

PAGE = http(
    b'<!doctype html><html><head><meta name="robots" content="noindex"></head><body>nothing</body></html>',
    "Content-Type: text/html",
)


def hostile_keys(canary: str) -> dict[str, object]:
    """What requests, spiders and settings of Scrapy and scrapy-redis would understand."""
    meta = {
        "proxy": canary,
        META_KEY: {"signed_url": canary, "is_site_file": True},
        "bindaddress": ["127.0.0.1", 0],
        "download_maxsize": 1,
        "download_timeout": 0.001,
        "dont_obey_robotstxt": True,
        "splash": {"endpoint": canary},
        "playwright": True,
    }
    return {
        **meta,
        "meta": meta,
        "formdata": {"x": "1"},
        "method": "POST",
        "body": "FLUSHALL",
        "headers": {"Host": "evil.test", "X-Evil": "1"},
        "cookies": {"evil": "1"},
        "callback": "os.system",
        "errback": "os.system",
        "cb_kwargs": {"x": 1},
        "handler": canary,
        "DOWNLOAD_HANDLERS": {"http": "os.system"},
        "settings": {"SSRF_ALLOWED_NETWORKS": "0.0.0.0/0"},
        "custom_settings": {"ROBOTSTXT_OBEY": False},
        "SSRF_ALLOWED_NETWORKS": ["0.0.0.0/0"],
        "__class__": "os.system",
        "_class": "os.system",
        "py/object": "os.system",
        "__proto__": {"admin": True},
        "crawl_id": "11111111-2222-4333-8444-555555555555",
        "kind": "upload",
        "status": "completed",
        "host": "evil.test",
        "redirect_urls": [canary],
    }


def test_further_keys_change_nothing(
    redis_url: str, environment: dict[str, str], database_url: str, tmp_path: Path
) -> None:
    """A seed with every key that others would obey asks for the very bytes that a plain one does."""
    routes = {"/plain": PAGE, "/hostile": PAGE, "/robots.txt": http(b"", status="404 Not Found")}
    with RawSite(routes).serving() as site, RawSite({}).serving() as canary:
        url, keys = f"http://127.0.0.1:{site.port}", hostile_keys(f"http://127.0.0.1:{canary.port}/")
        with worker(environment, tmp_path) as process, redis.Redis.from_url(redis_url) as client:
            client.lpush("website:start_urls", f"{url}/plain", json.dumps({"url": f"{url}/hostile", **keys}))
            done = "select count(*) from sources where status = 'failed'"  # there is nothing to store
            until(lambda: rows(database_url, done) == [(2,)], process)
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
    asked = {head.split(b" ", 2)[1]: head for head in site.heads}
    assert set(asked) == {b"/robots.txt", b"/plain", b"/hostile"}
    assert asked[b"/hostile"] == asked[b"/plain"].replace(b"/plain", b"/hostile")
    assert canary.connections == 0
    told = rows(database_url, "select kind, options, counts from sources order by url desc")
    assert told[0] == told[1]
