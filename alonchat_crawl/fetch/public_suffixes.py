"""The public suffix list (publicsuffix.org/list), from tldextract's copy. Nothing is downloaded."""

from collections.abc import Iterable
from functools import cache

import tldextract


def registrable_domain(host: str) -> str:
    """Return a host's registrable domain: one label below `com`, `co.uk` or `github.io`.

    The private part of the list counts, so that each shop on a hosting platform is a domain.
    """
    found = _list(private=True)(host)
    if found.suffix:
        return found.top_domain_under_public_suffix or host
    # The list's rule for an unknown top-level domain: one label below it.
    return ".".join(host.split(".")[-2:])


@cache
def _list(*, private: bool) -> tldextract.TLDExtract:
    return tldextract.TLDExtract(suffix_list_urls=(), include_psl_private_domains=private, cache_dir=None)


class PublicSuffixes:
    """Entries of the list, also in their IDNA form."""

    def __init__(self, listed: Iterable[str]) -> None:
        entries = {form for name in listed for form in (name, _ascii(name))}
        self._single = {entry.removeprefix("!") for entry in entries if entry.startswith("!")}
        self._parents = {entry.removeprefix("*.") for entry in entries if entry.startswith("*.")}
        self.names = {entry for entry in entries if entry[0] not in "!*"} | self._parents
        """With the parents: a name below which every name is a suffix counts as one, too."""

    def have(self, name: str) -> bool:
        """Whether a name is a public suffix."""
        return name in self.names or (name.partition(".")[2] in self._parents and name not in self._single)


@cache
def public_suffixes(*, private: bool) -> PublicSuffixes:
    """Return the registries' part of the list; with `private`, also the companies' part (`github.io`)."""
    return PublicSuffixes(_list(private=private).tlds)


def _ascii(name: str) -> str:
    if name.isascii():
        return name
    rule, name = (name[:2], name[2:]) if name.startswith("*.") else ("", name)
    try:
        return rule + name.encode("idna").decode()
    except UnicodeError:  # IDNA 2003 does not know its letters, so no URL can have them either
        return rule + name
