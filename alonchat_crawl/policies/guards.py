"""Stops the start-up if the settings leave out one of the guards that keep crawls safe."""

from typing import Any, Final

from scrapy.settings import BaseSettings
from scrapy.utils.misc import load_object

from alonchat_crawl.errors import StartupError

MIDDLEWARES: Final = (
    "alonchat_crawl.fetch.files.own_files.OwnFiles",
    "alonchat_crawl.policies.blocklists.policy.BlocklistPolicy",
    "alonchat_crawl.policies.addresses.AddressPolicy",
    "alonchat_crawl.policies.traps.policy.TrapPolicy",
    "alonchat_crawl.policies.robots.policy.RobotsPolicy",
    "alonchat_crawl.policies.robots.tdm_policy.TdmPolicy",
    "alonchat_crawl.policies.status.StatusPolicy",
    "alonchat_crawl.policies.scan.policy.ScanPolicy",
    "alonchat_crawl.fetch.content_coding.ContentCoding",
)
DIALLING: Final = "alonchat_crawl.fetch.download_handler.GuardedHandler"
RESOLVER: Final = "alonchat_crawl.fetch.reactor_resolver.ReactorResolver"
PACER: Final = "alonchat_crawl.worker.pacing.Pacing"
OFF: Final = ("TELNETCONSOLE_ENABLED", "REMOTE_CONTROL_ENABLED", "HTTPCACHE_ENABLED", "COOKIES_DEBUG")


def check_guards(settings: BaseSettings) -> None:
    """Raise StartupError if a guard is missing, or if something is on that must be off."""
    table = settings.getwithbase("DOWNLOADER_MIDDLEWARES")
    there = {_named(name) for name, place in table.items() if place is not None}
    missing = [name for name in MIDDLEWARES if name not in there]
    handlers = settings.getwithbase("DOWNLOAD_HANDLERS")
    for scheme, handler in handlers.items():
        wanted = DIALLING if scheme in {"http", "https"} else None
        if (handler and _named(handler)) != wanted:
            missing.append(f"{wanted or 'none'} for {scheme}")
    if _named(settings["TWISTED_DNS_RESOLVER"]) != RESOLVER:
        missing.append(RESOLVER)
    if _named(settings["PACER"]) != PACER:
        missing.append(PACER)
    missing += [f"{name}=False" for name in OFF if settings.getbool(name)]
    if missing:
        raise StartupError(
            f"The settings leave out what keeps crawls safe: {', '.join(missing)}; put it back."
        )


def _named(component: Any) -> str:
    """Return the dotted name of a component; settings may hold the class itself."""
    found = load_object(component)
    return f"{found.__module__}.{found.__qualname__}"
