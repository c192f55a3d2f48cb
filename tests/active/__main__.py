"""Attacks what is stored: python -m tests.active [--forms FORM,…] [--limit N] [--random N] [FOLDER …].

Prints tried and active by corpus, form and renderer; findings are lines of JSON in .bench/active/found.jsonl.
Ends with 1 where anything was active.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.active.attack import Case, Tally, attack
from tests.active.corpora import payloads
from tests.active.forms import FORMS
from tests.active.generator import documents
from tests.active.seeds import seeds

FOUND = Path(__file__).parents[2] / ".bench" / "active" / "found.jsonl"


def main() -> int:
    """Run the corpora named."""
    options = _options()
    cases = [
        Case(corpus, form, payload)
        for corpus, payload in _payloads(options)
        for form in options.forms.split(",")
    ]
    options.found.parent.mkdir(parents=True, exist_ok=True)
    total, done = Tally(), 0
    with options.found.open("w") as out:
        for part in attack(cases):
            out.writelines(f"{line}\n" for line in part.lines)
            out.flush()
            part.lines.clear()
            total.add(part)
            done += 1
            sys.stderr.write(f"\r{sum(total.tried.values()):,} renderings, {total.count('active')} active  ")
    _print(total)
    _say(f"Findings: {options.found}")
    return 1 if total.count("active") or total.count("changed") else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.active")
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--forms", default=",".join(FORMS))
    parser.add_argument("--limit", type=int, help="payloads of each corpus")
    parser.add_argument(
        "--random", type=int, default=500, help="documents of the generator; 0: neither it nor the seeds"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--found", type=Path, default=FOUND)
    return parser.parse_args()


def _payloads(options: argparse.Namespace) -> Iterator[tuple[str, str]]:
    if options.random:
        yield from (("seeds", payload) for payload in _some(seeds(), options.limit))
        yield from (("random", payload) for payload in documents(options.random, options.seed))
    for folder in options.folders:
        yield from ((folder.name, payload) for payload in _some(payloads(folder), options.limit))


def _some(payloads: Iterable[str], limit: int | None) -> list[str]:
    """At most so many, from all over a corpus."""
    found = list(payloads)
    return found[:: max(1, -(-len(found) // limit))] if limit else found


def _print(total: Tally) -> None:
    by_form: Counter[tuple[str, str, str]] = Counter()
    tried: Counter[tuple[str, str]] = Counter()
    for (corpus, form, _), number in total.tried.items():
        tried[corpus, form] += number
    for (corpus, form, _, level), number in total.found.items():
        by_form[corpus, form, level] += number
    levels = ("active", "comment", "failed", "changed", "unfenced", "autolinked")
    _say(f"\n{'corpus':22}{'form':15}{'tried':>12}" + "".join(f"{level:>12}" for level in levels))
    for (corpus, form), number in tried.items():
        _say(
            f"{corpus:22}{form:15}{number:12,}"
            + "".join(f"{by_form[corpus, form, level]:12,}" for level in levels)
        )
    _say(f"\n{'renderer':50}{'tried':>12}" + "".join(f"{level:>12}" for level in levels))
    for name in dict.fromkeys(renderer for _, _, renderer in total.tried):
        number = sum(each for (_, _, renderer), each in total.tried.items() if renderer == name)
        counts = [
            sum(
                each
                for (_, _, renderer, found), each in total.found.items()
                if (renderer, found) == (name, level)
            )
            for level in levels
        ]
        _say(f"{name:50}{number:12,}" + "".join(f"{count:12,}" for count in counts))
    _say(
        f"\nall{'':46}{sum(total.tried.values()):13,}"
        + "".join(f"{total.count(level):12,}" for level in levels)
    )


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
