"""Registrable domains and public suffixes, by the list that comes with the package."""

import pytest

from alonchat_crawl.fetch.public_suffixes import public_suffixes, registrable_domain


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("example.com", "example.com"),
        ("www.example.com", "example.com"),
        ("a.b.example.co.uk", "example.co.uk"),
        ("shop.github.io", "shop.github.io"),
        ("www.shop.github.io", "shop.github.io"),
        ("com", "com"),
        ("co.uk", "co.uk"),
        ("localhost", "localhost"),
        ("a.b.unknown-top-level", "b.unknown-top-level"),
        ("", ""),
    ],
)
def test_registrable_domains(host: str, domain: str) -> None:
    """A site is what was registered below a suffix; a suffix and a single label stand for themselves."""
    assert registrable_domain(host) == domain


@pytest.mark.parametrize(
    ("name", "registries", "companies"),
    [
        ("com", True, True),
        ("co.uk", True, True),
        ("github.io", False, True),
        ("ck", True, True),
        ("any.ck", True, True),
        ("www.ck", False, False),
        ("xn--p1ai", True, True),
        ("example.com", False, False),
    ],
)
def test_public_suffixes(name: str, *, registries: bool, companies: bool) -> None:
    """Wildcards, their exceptions and names in IDNA form are known; companies' suffixes only if asked for."""
    assert public_suffixes(private=False).have(name) == registries
    assert public_suffixes(private=True).have(name) == companies
