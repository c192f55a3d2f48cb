"""The files of BLOCKLIST_FILES. All must be readable at start; later, the last readable version is kept."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path

from alonchat_crawl.errors import StartupError
from alonchat_crawl.policies.blocklists.reader import ListReport, NoListError, read_file, stamp_of
from alonchat_crawl.policies.blocklists.rule_set import RuleSet

Stamp = tuple[int, int, int]
FileFault = tuple[Stamp | None, NoListError]
"""The stamp of a file when it could not be read, and the reason."""


@dataclass(frozen=True, slots=True)
class FileList:
    """A file's list, as last read."""

    path: Path
    stamp: Stamp
    rules: RuleSet
    report: ListReport


@dataclass(frozen=True, slots=True)
class FileChanges:
    """What has changed since the files were last read."""

    changed: tuple[FileList, ...] = ()
    removed: tuple[Path, ...] = ()
    faults: tuple[NoListError, ...] = ()
    """New reasons why files cannot be read."""


class BlocklistFiles:
    """The lists from files. Only one thread at a time may reload; any thread may read `lists`."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self.lists: tuple[FileList, ...] = ()
        self._patterns = patterns
        self._faults: dict[str, FileFault] = {}
        """By path, or by pattern if it matches no file."""
        self._matched: dict[str, Sequence[str]] = {}

    def load(self) -> FileChanges:
        """Read all files. Raises StartupError if one cannot be read, so that none is left out."""
        changes = self.reload()
        if changes.faults:
            raise StartupError(f"BLOCKLIST_FILES cannot be used: {changes.faults[0]}.")
        return changes

    def reload(self) -> FileChanges:
        """Read the files that have changed. If one cannot be read, its last list is kept."""
        known = {one.path: one for one in self.lists}
        kept: dict[Path, FileList] = {}
        faults: dict[str, FileFault] = {}
        changed = []
        for name in self._names(faults):
            path = Path(name)
            before = known.get(path)
            found = self._read(path, before, faults)
            if found is not None:
                kept[path] = found
                changed += [found] if found is not before else []
        reported = {str(fault) for _, fault in self._faults.values()}
        new_faults = [fault for _, fault in faults.values() if str(fault) not in reported]
        self._faults, self.lists = faults, tuple(kept.values())
        return FileChanges(
            changed=tuple(changed),
            removed=tuple(path for path in known if path not in kept),
            faults=tuple(new_faults),
        )

    def _names(self, faults: dict[str, FileFault]) -> Iterator[str]:
        """Yield the files that match the patterns. A pattern without matches keeps its earlier ones."""
        seen: set[str] = set()
        for pattern in self._patterns:
            names = _files(pattern) if has_magic(pattern) else [pattern]
            if not names:
                faults[pattern] = None, NoListError(f"no file matches {pattern}")
            else:
                self._matched[pattern] = names
            for name in self._matched.get(pattern, ()):
                if name not in seen:
                    seen.add(name)
                    yield name

    def _read(self, path: Path, before: FileList | None, faults: dict[str, FileFault]) -> FileList | None:
        name, stamp = str(path), None
        try:
            stamp = stamp_of(path.stat())
            if before is not None and before.stamp == stamp:
                return before
            failed = self._faults.get(name)
            if failed is not None and failed[0] == stamp:  # still the same unreadable file
                faults[name] = failed
                return before
            if before is not None and len(before.rules) and not stamp[0]:
                # Probably a failed download. To empty a list on purpose, leave a comment in it.
                faults[name] = stamp, NoListError(f"{path} has become empty")
                return before
            rules, report = read_file(path)
        except OSError as error:
            faults[name] = stamp, NoListError(f"{path} cannot be read: {error.strerror or error}")
            return before
        except NoListError as error:
            faults[name] = stamp, NoListError(f"{path} {error}")
            return before
        return FileList(path, stamp, rules, report)


def _files(pattern: str) -> list[str]:
    found = glob(pattern, recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern
    return sorted(name for name in found if not Path(name).is_dir())
