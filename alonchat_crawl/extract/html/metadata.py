"""What a page says about itself in JSON-LD, meta tags and <time>: its description, dates and language."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from alonchat_crawl.extract.markdown.titles import plain_line

JSON_MAX_CHARS = 200_000  # of one JSON-LD script
ENTITIES_MAX = 500  # read from a page's JSON-LD
DATE_MAX_CHARS = 40
YEAR_FIRST, YEAR_AHEAD = 1990, 1  # a page's date is not before the Web, and at most so many years ahead
DESCRIPTIONS = ("description", "og:description", "twitter:description", "dc.description")
PUBLISHED = (
    "article:published_time",
    "datepublished",
    "date",
    "dc.date",
    "dc.date.issued",
    "dcterms.created",
    "dcterms.issued",
    "pubdate",
    "publishdate",
    "publish_date",
    "sailthru.date",
    "parsely-pub-date",
)
MODIFIED = (
    "article:modified_time",
    "og:updated_time",
    "datemodified",
    "last-modified",
    "dcterms.modified",
    "dc.date.modified",
    "lastmod",
    "revised",
)
ARTICLE = re.compile("Article|BlogPosting|Report")
LANGUAGE = re.compile(r"([a-zA-Z]{2})(?:[-_][a-zA-Z0-9]+)*")
SPACE_IN_ZONE = re.compile(r"\s+(?=[+-]\d\d:?\d\d$)")


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the page claims; nothing of it is verified."""

    description: str = ""
    """One line of plain text; empty if there is none."""
    published_at: datetime | None = None
    """Aware; a date without a zone is taken as UTC."""
    modified_at: datetime | None = None
    """Aware; never before `published_at`."""
    language: str = ""
    """ISO 639-1 code of the lang attribute; empty if there is none."""
    is_article: bool = False
    """Whether it calls itself an article: news, a blog post, a report."""


def metadata(tree: LexborHTMLParser) -> Metadata:
    """Read a tree that still has its scripts; what is malformed is left out."""
    tags = _tags(tree)
    entities = list(_entities(tree))
    description = next((tags[name] for name in DESCRIPTIONS if tags.get(name)), "")
    published = _date(
        *(entity.get(key) for entity in entities for key in ("datePublished", "dateCreated", "uploadDate")),
        *(tags.get(name) for name in PUBLISHED),
        *_times(tree),
    )
    modified = _date(
        *(entity.get("dateModified") for entity in entities), *(tags.get(name) for name in MODIFIED)
    )
    if published and modified and modified < published:
        modified = None
    kinds = [str(entity.get("@type")) for entity in entities]
    is_article = tags.get("og:type") == "article" or any(map(ARTICLE.search, kinds))
    return Metadata(plain_line(description), published, modified, _language(tree), is_article)


def _tags(tree: LexborHTMLParser) -> dict[str, str]:
    """Return the first content of each meta tag by its name, property or itemprop."""
    found: dict[str, str] = {}
    for node in tree.css("meta[content]"):
        attributes = node.attributes
        content = (attributes.get("content") or "").strip()
        for attribute in ("name", "property", "itemprop"):
            if content and (name := attributes.get(attribute)):
                found.setdefault(name.strip().lower(), content)
    return found


def _entities(tree: LexborHTMLParser) -> Iterator[dict[str, Any]]:
    """Yield the entities at the top of a page's JSON-LD, the outermost first."""
    left = ENTITIES_MAX
    for node in tree.css("script[type='application/ld+json' i]"):
        text = node.text()
        try:
            waiting = [json.loads(text)] if len(text) <= JSON_MAX_CHARS else []
        except (ValueError, RecursionError):
            continue
        while waiting and left > 0:
            left -= 1
            entity = waiting.pop(0)
            if isinstance(entity, list):
                waiting += entity
            elif isinstance(entity, dict):
                yield entity
                waiting += [entity[key] for key in ("@graph", "mainEntity") if key in entity]


def _times(tree: LexborHTMLParser) -> Iterator[str | None]:
    """Yield the dates of <time> elements that are marked as the page's, or first in its header or article."""
    for selector in (
        "time[pubdate]",
        "time[itemprop=datePublished]",
        "header time[datetime]",
        "article time[datetime]",
    ):
        node = tree.css_first(selector)
        if node is not None:
            yield node.attributes.get("datetime")


def _date(*candidates: object) -> datetime | None:
    """Return the first candidate that is a plausible date in ISO 8601 or RFC 3339."""
    for candidate in candidates:
        if not isinstance(candidate, str) or not 0 < len(candidate) <= DATE_MAX_CHARS:
            continue
        try:
            found = datetime.fromisoformat(SPACE_IN_ZONE.sub("", candidate.strip()))
            found = found if found.tzinfo else found.replace(tzinfo=UTC)
            found.astimezone(UTC)
        except (ValueError, OverflowError):
            continue
        if YEAR_FIRST <= found.year <= datetime.now(UTC).year + YEAR_AHEAD:
            return found
    return None


def _language(tree: LexborHTMLParser) -> str:
    node = tree.css_first("html")
    match = LANGUAGE.fullmatch((node.attributes.get("lang") or "").strip()) if node is not None else None
    return match[1].lower() if match else ""
