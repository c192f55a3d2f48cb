"""For scrapyd-deploy, which builds an egg by running this file; pyproject.toml says what goes in."""

from setuptools import setup

setup()
