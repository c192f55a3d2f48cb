"""Block sites, URLs and networks, for one project or for all."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from alonchat_crawl.control.verbs.errors import NotFoundError, NotPossibleError
from alonchat_crawl.policies.blocklists.formats import read_line
from alonchat_crawl.policies.blocklists.live import Blocklists
from alonchat_crawl.policies.blocklists.policy import comparable
from alonchat_crawl.policies.blocklists.rule import LineError, Rule, TooWideError, UnsupportedLineError
from alonchat_crawl.policies.blocklists.rule_set import Target
from alonchat_crawl.storage import blocklist
from alonchat_crawl.storage.blocklist import RuleRecord
from alonchat_crawl.storage.pool import Pool


class RuleError(NotPossibleError):
    """A line that cannot be kept as a rule."""


def rules_of(lines: Sequence[str]) -> list[str]:
    """Read a blocklist's lines; return their rules in canonical form, each once. Raises RuleError."""
    return list(dict.fromkeys(str(rule) for line in lines for rule in _rules(line)))


def _rules(line: str) -> Sequence[Rule]:
    try:
        rules = read_line(line)
    except TooWideError:
        raise RuleError(f"{line} would block far too much") from None
    except UnsupportedLineError:
        raise RuleError(
            f"{line} is a rule for ad blockers only: block a host, a network, or URLs by how they begin "
            "('||bad.example/path*')"
        ) from None
    except LineError:
        rules = ()
    if not rules:
        raise RuleError(f"{line} cannot be read as a rule")
    return rules


async def block(pool: Pool, rules: Sequence[str], project_id: UUID | None = None) -> int:
    """Add rules to a project's list or the list for all; return how many are new. Raises NotFoundError."""
    await _check_project(pool, project_id)
    return await blocklist.add_rules(pool, project_id, rules)


async def unblock(pool: Pool, rules: Sequence[str], project_id: UUID | None = None) -> int:
    """Remove rules from a project's list or the list for all; return how many were on it.

    Raises NotFoundError.
    """
    await _check_project(pool, project_id)
    return await blocklist.remove_rules(pool, project_id, rules)


async def list_rules(pool: Pool, project_id: UUID | None = None) -> AsyncIterator[list[RuleRecord]]:
    """Yield the rules in Postgres in batches: all, or one project's. Raises NotFoundError."""
    await _check_project(pool, project_id)
    async for batch in blocklist.read_rules(pool, project_id):
        yield batch


async def why_blocked(lists: Blocklists, url: str, project_id: UUID | None = None) -> str | None:
    """The list that a URL is on, as the end of a sentence; None if it is on none. Raises NotPossibleError."""
    await lists.ready()
    try:
        target = Target.of_url(comparable(url if "://" in url else f"https://{url}"))
    except ValueError:
        raise NotPossibleError(f"{url} is no URL that can be compared.") from None
    found = lists.match(target, project_id)
    return None if found is None else str(found)


async def _check_project(pool: Pool, project_id: UUID | None) -> None:
    if project_id is not None and not await blocklist.has_project(pool, project_id):
        raise NotFoundError(f"There is no project {project_id}.")
