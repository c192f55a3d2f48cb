"""All lists of a crawler, in order: the files, Postgres' list for all projects, a project's own list."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from alonchat_crawl.policies.blocklists.rule import RuleKind
from alonchat_crawl.policies.blocklists.rule_set import RuleSet, RuleSetBuilder, Target

FOR_ALL = "the list for all projects"
OWN = "the project's own list"


class Match(NamedTuple):
    """The kind of the rule that blocks a request, and the list that it is in."""

    kind: RuleKind
    where: str

    def __str__(self) -> str:
        return f"falls under a {self.kind} rule of {self.where}"


def _empty() -> RuleSet:
    return RuleSetBuilder().build()


@dataclass(frozen=True, slots=True)
class RuleLists:
    """A snapshot of all lists.

    A file's exceptions apply to that file only, so that no list's author can weaken another list. The
    operator's exceptions, in the list for all projects, also apply to all files; a project's only to its own
    list.
    """

    files: tuple[tuple[str, RuleSet], ...] = ()
    """(file name, list). The names are no secret."""
    for_all: RuleSet = field(default_factory=_empty)
    projects: Mapping[UUID, RuleSet] = field(default_factory=dict)

    def match(self, target: Target, project_id: UUID | None = None) -> Match | None:
        """Return the first rule that blocks the target, or None."""
        for where, rules in self.files:
            kind = rules.match(target)
            if kind is not None and not self.for_all.excepts(target):
                return Match(kind, f"the list {where}")
        kind = self.for_all.match(target)
        if kind is not None:
            return Match(kind, FOR_ALL)
        own = self._own(project_id)
        kind = own.match(target) if own is not None else None
        return None if kind is None else Match(kind, OWN)

    def has_own_networks(self, project_id: UUID | None) -> bool:
        """Whether a project's own list has networks, so that hosts must be resolved."""
        own = self._own(project_id)
        return own is not None and len(own.blocked.networks) > 0

    def _own(self, project_id: UUID | None) -> RuleSet | None:
        return None if project_id is None else self.projects.get(project_id)
