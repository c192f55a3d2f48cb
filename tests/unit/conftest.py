"""Unit tests need neither a server nor torch: one that asks for a server, or loads torch, fails."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def servers_dir() -> Path:
    """Stand in the way of the real one."""
    pytest.fail("a unit test needs no server: put this one into tests/integration")


@pytest.fixture(autouse=True)
def _no_torch() -> Iterator[None]:
    """Torch costs seconds; the tests that load it stand in tests/integration, which runs later."""
    yield
    assert "torch" not in sys.modules
