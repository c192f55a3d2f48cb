"""Whether a site is too busy."""

import pytest
from scrapy.http import Response

from alonchat_crawl.policies.pressure import pressure_of


@pytest.mark.parametrize(
    ("status", "of_page", "of_robots"),
    [(200, 1, 1), (302, 1, 1), (404, 1, 1), (429, -1, -1), (500, 0, -1), (502, 0, -1), (503, -1, -1)],
)
def test_pressure(status: int, of_page: int, of_robots: int) -> None:
    """429 and 503 make the whole site back off, and for robots.txt any server error; an answer ends that."""
    response = Response("http://e.org/", status=status)
    assert pressure_of(response, robots=False) == of_page
    assert pressure_of(response, robots=True) == of_robots
    assert pressure_of(None, robots=False) == 0
