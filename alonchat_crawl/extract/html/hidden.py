"""Remove text that no reader sees: instructions for a model are smuggled into pages in this way.

An element is hidden if its attributes, its inline style or plain rules of the page's own <style> elements
leave nothing of it to see. Three kinds look hidden but stay, because a browser shows them sooner or later:
panels that a control opens (tabs, accordions), parts that React streams in and its script puts in place,
and an element with the bulk of the page's words (it fades in). Text for screen readers stays: it is read out.
"""

from collections import Counter

from selectolax.lexbor import LexborHTMLParser, LexborNode

from alonchat_crawl.extract.html.stylesheet import hidden_by_rules, hides
from alonchat_crawl.extract.text.injection import instructions

BULK_SHARE = 0.33  # of the page's words: an element with more is the page itself
BULK_MIN_WORDS = 60
COUNTED_MAX = 300  # elements whose words are counted: if all were, nested ones would take quadratic time
CONTROLS = "[aria-controls], [data-target], [data-bs-target], a[href^='#']"
REACT_MOVES = "$RC("  # the call that puts <div hidden id="S:…"> where it belongs
NOSCRIPT_MIN_WORDS = 50


def drop_hidden(tree: LexborHTMLParser) -> Counter[str]:
    """Remove hidden elements; return how many, and how many instructions for a model were in them.

    Call it before the scripts are removed.
    """
    body = tree.body
    if body is None:
        return Counter()
    streams = bool(body.css_first("div[hidden][id^='S:']")) and body.scripts_contain(REACT_MOVES)
    _show_noscript(tree)
    nodes = [node for node in body.css("[hidden], [style]") if _hides_itself(node)]
    nodes += hidden_by_rules(tree, body)
    if not nodes:
        return Counter()
    opened = _opened(tree)
    unique = {node.mem_id: node for node in nodes if node.tag != "body"}
    hidden = [node for node in unique.values() if not _shown_later(node, opened, streams=streams)]
    return _remove(hidden, _words(body))


def _remove(nodes: list[LexborNode], page_words: int) -> Counter[str]:
    """Remove elements unless they hold the bulk of the page's words; count what was removed."""
    removed: Counter[str] = Counter()
    gone: set[int] = set()  # the removed elements and all that was in them
    counted = 0
    texts: list[str] = []
    for node in nodes:
        if node.mem_id in gone:
            continue
        counted += 1
        if counted <= COUNTED_MAX and BULK_MIN_WORDS <= _words(node) > BULK_SHARE * page_words:
            continue
        gone.update(inner.mem_id for inner in node.traverse())
        texts.append(node.text(separator=" "))
        node.remove()
        removed["hidden"] += 1
    if found := instructions("\n".join(texts)):
        removed["hidden instructions"] = found
    return removed


def _show_noscript(tree: LexborHTMLParser) -> None:
    """Unwrap <noscript> if it holds most of the page's text, as in forums of Discourse."""
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
    """Return the ids of the elements that some control of the page opens."""
    found: set[str] = set()
    for node in tree.css(CONTROLS):
        attributes = node.attributes
        found.update((attributes.get("aria-controls") or "").split())
        for name in ("data-target", "data-bs-target", "href"):
            found.add((attributes.get(name) or "").removeprefix("#"))
    return found - {""}


def _shown_later(node: LexborNode, opened: set[str], *, streams: bool) -> bool:
    attributes = node.attributes
    name = attributes.get("id") or ""
    return attributes.get("role") == "tabpanel" or name in opened or (streams and name.startswith("S:"))


def _words(node: LexborNode) -> int:
    """Count the words of a node; those of scripts and styles do not count."""
    total = len(node.text(separator=" ").split())
    for unseen in node.css("script, style, template, svg"):
        total -= len(unseen.text(separator=" ").split())
    return max(0, total)
