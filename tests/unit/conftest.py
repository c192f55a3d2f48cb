"""Unit tests need no server: one that asks for it fails."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def servers_dir() -> Path:
    """Stand in the way of the real one."""
    pytest.fail("a unit test needs no server: put this one into tests/integration")
