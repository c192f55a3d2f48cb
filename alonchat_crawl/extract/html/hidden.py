"""Take text that no reader sees out of a page: instructions for a model are smuggled in this way.

Hidden is what attributes, inline styles or plain rules of the page's own <style> elements leave nothing of
to see. Three things look hidden and are not, because a browser shows them sooner or later; they stay:
panels that a control opens (tabs, accordions), parts that React streams in and its script puts in place,
and an element that holds the bulk of the page's words (it fades in). Text for screen readers stays: it is
read out.
"""

from collections import Counter

from selectolax.lexbor import LexborHTMLParser, LexborNode

from alonchat_crawl.extract.html.stylesheet import hidden_by_rules, hides
from alonchat_crawl.extract.text.injection import instructions

BULK_SHARE = 0.33  # of the page's words: more than this is no insertion, it is the page
BULK_MIN_WORDS = 60
LOOKS_MAX = 300  # elements whose words are counted; nested ones would cost the square of the page
CONTROLS = "[aria-controls], [data-target], [data-bs-target], a[href^='#']"
REACT_MOVES = "$RC("  # the call that puts <div hidden id="S:…"> where it belongs
NOSCRIPT_MIN_WORDS = 50


def drop_hidden(tree: LexborHTMLParser) -> Counter[str]:
    """Remove hidden elements; return how many, and how many instructions for a model stood in them.

    Call it before the scripts are removed.
    """
    body = tree.body
    removed: Counter[str] = Counter()
    if body is None:
        return removed
    streamed = bool(body.css_first("div[hidden][id^='S:']")) and body.scripts_contain(REACT_MOVES)
    show_noscript(tree)
    nodes = [node for node in body.css("[hidden], [style]") if _hides_itself(node)]
    nodes += hidden_by_rules(tree, body)
    if not nodes:
        return removed
    opened = _opened(tree)
    words = _words(body)
    gone: set[int] = set()  # with a removed element goes what stands in it
    looked = 0
    texts: list[str] = []
    for node in {node.mem_id: node for node in nodes}.values():
        if node.mem_id in gone or node.tag == "body" or _shown_later(node, opened, streamed=streamed):
            continue
        looked += 1
        if looked <= LOOKS_MAX and BULK_MIN_WORDS <= _words(node) > BULK_SHARE * words:
            continue
        gone.update(inner.mem_id for inner in node.traverse())
        texts.append(node.text(separator=" "))
        node.remove()
        removed["hidden"] += 1
    if spoken := instructions("\n".join(texts)):
        removed["hidden instructions"] = spoken
    return removed


def show_noscript(tree: LexborHTMLParser) -> None:
    """Unwrap <noscript> where a page has most of its text there, as forums of Discourse do."""
    nodes = tree.css("body noscript")
    inside = sum(map(_words, nodes))
    if inside < NOSCRIPT_MIN_WORDS or tree.body is None:
        return
    if inside > (_words(tree.body) - inside):
        for node in nodes:
            node.unwrap()


def _hides_itself(node: LexborNode) -> bool:
    attributes = node.attributes
    if "hidden" in attributes and (attributes["hidden"] or "").lower() != "until-found":
        return True
    style = attributes.get("style")
    return style is not None and hides(style)


def _opened(tree: LexborHTMLParser) -> set[str]:
    """The ids of what some control of the page opens."""
    found: set[str] = set()
    for node in tree.css(CONTROLS):
        attributes = node.attributes
        found.update((attributes.get("aria-controls") or "").split())
        for name in ("data-target", "data-bs-target", "href"):
            found.add((attributes.get(name) or "").removeprefix("#"))
    return found - {""}


def _shown_later(node: LexborNode, opened: set[str], *, streamed: bool) -> bool:
    attributes = node.attributes
    identity = attributes.get("id") or ""
    return (
        attributes.get("role") == "tabpanel" or identity in opened or (streamed and identity.startswith("S:"))
    )


def _words(node: LexborNode) -> int:
    """How many words a node shows; scripts and styles hold none."""
    total = len(node.text(separator=" ").split())
    for unseen in node.css("script, style, template, svg"):
        total -= len(unseen.text(separator=" ").split())
    return max(0, total)
