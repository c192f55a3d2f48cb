"""All lists that hold for a crawler, in their order: files, Postgres' list for all, a project's own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from alonchat_crawl.policies.blocklists.rule import RuleKind
from alonchat_crawl.policies.blocklists.rule_set import RuleSet, RuleSetBuilder, Target

FOR_ALL = "the list for all projects"
OWN = "the project's own list"


class Match(NamedTuple):
    """Why a request is refused; as text, what its host does."""

    kind: RuleKind
    where: str

    def __str__(self) -> str:
        return f"falls under a {self.kind} rule of {self.where}"


def _empty() -> RuleSet:
    return RuleSetBuilder().build()


@dataclass(frozen=True, slots=True)
class RuleLists:
    """What holds now.

    A file's exceptions hold for that file alone: whoever writes one list must not open another. Those in the
    list for all, which are the operator's, hold for all files too; a project's for its own list only.
    """

    files: tuple[tuple[str, RuleSet], ...] = ()
    """By the file's name, which is no secret."""
    for_all: RuleSet = field(default_factory=_empty)
    projects: Mapping[UUID, RuleSet] = field(default_factory=dict)

    def match(self, target: Target, project_id: UUID | None = None) -> Match | None:
        """The first rule that holds for the target; None where it may be fetched."""
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
        """Whether a project's own list has networks, so that a host's addresses matter to it."""
        own = self._own(project_id)
        return own is not None and len(own.blocked.networks) > 0

    def _own(self, project_id: UUID | None) -> RuleSet | None:
        return None if project_id is None else self.projects.get(project_id)
