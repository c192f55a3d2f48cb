"""What a 304 may confirm: only a page that was read lately, by today's extraction."""

import pytest

from alonchat_crawl.storage.pages import store, touch_unchanged
from alonchat_crawl.storage.sources import begin_crawl
from alonchat_crawl.storage.validators import find_validators
from tests.support.knowledge import SCHEME, URL, Piece, make_page, make_source, open_pool, rows

SOURCE = make_source()


@pytest.mark.parametrize(
    ("aged", "found"),
    [
        ("fetched_at = now() - interval '90 days'", True),
        ("read_at = now() - interval '29 days'", True),
        ("read_at = now() - interval '31 days'", False),
        ("read_at = null", False),
        ("extraction = extraction - 1", False),
        ("links = null", False),
    ],
)
async def test_only_a_page_read_lately(database_url: str, aged: str, *, found: bool) -> None:
    """A page read long ago, or by another extraction, is fetched whole; reading it again makes it new."""
    async with open_pool(database_url) as pool:
        page = make_page(SOURCE, Piece("text"))
        await begin_crawl(pool, SOURCE)
        await store(pool, [page], SCHEME)
        rows(database_url, f"update pages set {aged} returning id")  # noqa: S608 - of this file
        visit = await find_validators(pool, SOURCE.source_id, URL, SCHEME, 30)
        assert (visit is not None) is found
        assert await touch_unchanged(pool, page.page, SCHEME)
        assert await find_validators(pool, SOURCE.source_id, URL, SCHEME, 30) is not None
