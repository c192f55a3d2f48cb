"""A page's own text is kept, and the text around it is not."""

import numpy as np
import pytest

from alonchat_crawl.extract.html.main_content import choose, keep_main, probabilities
from alonchat_crawl.extract.html.measures import Measured, measure
from alonchat_crawl.extract.html.parse import parse
from alonchat_crawl.extract.html.passages import BlockElement, Passage, read_passages
from alonchat_crawl.extract.html.weights import MEASURES

SENTENCE = "The committee met on Tuesday, and it decided to keep the old bridge open for another year. "
MENU = "<nav><ul>" + "<li><a href=/x>Menu entry</a></li>" * 10 + "</ul></nav>"
POSTS = "".join(f"<div class=post><p>{number}. {SENTENCE * 3}</p></div>" for number in range(5))


def kept(html: str) -> str:
    """Return the text that is left of a page."""
    tree = parse(html)
    keep_main(tree, "")
    return tree.body.text(separator=" ") if tree.body else ""


def passages(*counts: int) -> list[Passage]:
    """Return passages of so many words."""
    found = read_passages(parse("<p>x</p>" * len(counts)).body, ()).passages  # type: ignore[arg-type]
    for passage, count in zip(found, counts, strict=True):
        passage.words = ["x"] * count
    return found


def test_article() -> None:
    """Menus and footers go, the paragraphs and their headings stay."""
    text = kept(
        f"<body>{MENU}<main><h1>News</h1><p>{SENTENCE * 5}</p><h2>More</h2><p>{SENTENCE * 5}</p></main>"
        "<footer><p>© 2024 Example. All rights reserved.</p></footer>"
    )
    assert text.count(SENTENCE.strip()) == 10
    for gone in ("Menu entry", "rights"):
        assert gone not in text


def test_all_posts_stay() -> None:
    """Every post of a thread is kept."""
    text = kept(f"<body>{MENU}<h1>Bridges</h1>{POSTS}")
    assert text.count("The committee met") == 15


def test_code_stays() -> None:
    """Preformatted text stays, however little it looks like sentences."""
    assert "x = 1" in kept(f"<body>{MENU}<article><p>{SENTENCE * 5}</p><pre>x = 1</pre></article>")


def test_cells_stay_in_their_columns() -> None:
    """A cell whose text goes stays as an empty one."""
    tree = parse("<table><tr><td>a</td><td>b</td></tr></table>")
    keep_main(tree, "")
    assert len(tree.css("td")) in {0, 2}


def test_only_menus() -> None:
    """A page of nothing but menus is left as it was, and told by 0."""
    tree = parse(f"<body>{MENU}")
    before = tree.html
    assert keep_main(tree, "") == 0.0
    assert tree.html == before


def test_choice() -> None:
    """Those are kept that make the expected F1 highest: doubtful ones where nothing is sure, too."""
    assert choose(passages(10, 10), [0.9, 0.1])[0] == [True, False]
    assert choose(passages(10, 10), [0.3, 0.3])[0] == [True, True]
    assert choose(passages(1, 100), [0.9, 0.6])[0] == [True, True]


def test_every_weight_is_of_a_measure() -> None:
    """A weight whose measure is gone or misspelt would silently count for nothing."""
    text = read_passages(parse(POSTS).body, ())  # type: ignore[arg-type]
    weighed = {name for name in MEASURES if not name.startswith(("<", "in "))}
    assert weighed <= set(measure(text, "Bridges").names)


def test_a_new_measure_shifts_no_weight() -> None:
    """A measure without a weight changes no probability, wherever it stands."""
    text = read_passages(parse(f"{MENU}<h1>Bridges</h1>{POSTS}").body, ())  # type: ignore[arg-type]
    measured = measure(text, "Bridges")
    new = np.full((len(text.passages), 1), 7, dtype=np.float32)
    wider = Measured(("new", *measured.names), np.hstack([new, measured.values]))
    assert probabilities(text.passages, wider) == pytest.approx(probabilities(text.passages, measured))


def test_reading() -> None:
    """Text is told apart by the block it stands in, links and areas known."""
    tree = parse("<nav><a href=/>One</a></nav><div class=Post-body>Two <b>three</b><p>Four</p> five</div>")
    found = read_passages(tree.body, {"post"}).passages  # type: ignore[arg-type]
    assert [passage.text for passage in found] == ["One", "Two three five", "Four"]
    assert [passage.linked for passage in found] == [3, 0, 0]
    assert [set(passage.block.areas) for passage in found] == [{"nav"}, set(), set()]
    assert [set(passage.block.names) for passage in found] == [set(), {"post"}, {"post"}]
    assert isinstance(found[0].block, BlockElement)
