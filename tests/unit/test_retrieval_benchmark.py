"""What the retrieval benchmark's figures rest on: how hits are scored, and how sentences are withheld."""

import pytest

from tests.benchmarks.retrieval.queries import Query, read_terms
from tests.benchmarks.retrieval.scoring import ratio, reciprocal_ranks, score
from tests.benchmarks.retrieval.sentences import OF_A_PAGE, withhold

WITHHELD = "The <code>x &amp; y</code> of this page are told by nobody else in the world."
PAGE = (
    '<html><div class="body" role="main"><p>First there is something else. {} Last comes this.</p>'
    '<p>A paragraph of one sentence alone stays as it was before.</p></div><div class="sphinxsidebar"></div>'
)


@pytest.mark.parametrize(
    ("found", "points"),
    [
        ([], 0),
        (["a"], 1),
        (["b", "a"], 1 / 2),
        (["b", "b", "b", "a"], 1 / 2),
        (["b", "c", "a"], 1 / 2),
        ([f"other {rank}" for rank in range(20)], 0),
    ],
)
def test_a_page_counts_once_by_its_best_rank(found: list[str], points: float) -> None:
    """A query's points are one by the rank of the first right page, chunks of one page folded."""
    assert reciprocal_ranks([Query("q", frozenset({"a", "c"}), "dev")], {"q": found}) == [points]


def test_what_is_found_below_the_tenth_page_counts_nothing() -> None:
    """MRR@10 and hits leave out what nobody reads; an interval holds its mean."""
    queries = [Query("near", frozenset({"a"}), "dev"), Query("far", frozenset({"a"}), "dev")]
    others = [f"other {rank}" for rank in range(10)]
    found = score(queries, {"near": ["b", "a"], "far": [*others, "a"]})
    assert (found.mrr.mean, found.hit_1.mean, found.hit_5.mean) == (0.25, 0, 0.5)
    assert found.mrr.low <= found.mrr.mean <= found.mrr.high


def test_a_ratio_compares_the_same_queries() -> None:
    """Twice the points for every query are exactly twice the MRR, however the queries are drawn."""
    queries = [Query(str(number), frozenset({"a"}), "dev") for number in range(9)]
    ours, theirs = ({query.text: found for query in queries} for found in (["a"], ["b", "a"]))
    found = ratio(queries, ours, theirs)
    assert (found.mean, found.low, found.high) == (2, 2, 2)


def test_a_withheld_sentence_is_gone_and_nothing_else() -> None:
    """A sentence among others is taken out with its markup's text; its neighbours and other pages stay."""
    pages = {"a.html": PAGE.format(WITHHELD), "b.html": "<p>No main text here, so nothing to withhold.</p>"}
    left, [query] = withhold(pages)
    assert query.text == "The x & y of this page are told by nobody else in the world."
    assert query.pages == {"a.html"}
    assert left["a.html"] == pages["a.html"].replace(WITHHELD, "<code></code>")
    assert left["b.html"] == pages["b.html"]


def test_a_sentence_of_two_pages_is_never_withheld() -> None:
    """A query has one right answer: what stands twice in the corpus is left where it is."""
    pages = {name: PAGE.format(WITHHELD) for name in ("a.html", "b.html")}
    assert withhold(pages) == (pages, ())


def test_few_sentences_are_withheld_of_a_page() -> None:
    """A page that is all prose keeps most of it, and the choice is the same each time."""
    words = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    prose = " ".join(f"Here the number {word} is told of in many a word." for word in words)
    pages = {"a.html": PAGE.format(prose)}
    assert len(withhold(pages)[1]) == OF_A_PAGE
    assert withhold(pages) == withhold(pages)


def test_the_index_terms_are_split_in_two() -> None:
    """What is chosen on and what is reported share no query."""
    by_split = {
        split: {query.text for query in read_terms() if query.split == split} for split in ("dev", "test")
    }
    assert len(by_split["dev"]) + len(by_split["test"]) == len(read_terms())
    assert not by_split["dev"] & by_split["test"]
