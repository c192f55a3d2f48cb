"""Which units go into one chunk: cut where it is least bad, join what is tiny."""

from collections.abc import Iterator, Sequence

from alonchat_crawl.extract.chunks.units import BLOCK, Unit

GLUED = 1000  # worse than any rank: a heading would be left behind
TINY = 500  # worse than any but that: what leads to a large block would stand alone

Run = tuple[int, int]  # the first unit of a chunk, and the one after its last


def packed(units: Sequence[Unit], capacity: int, minimum: int) -> list[Run]:
    """Put units into chunks of at most `capacity` bytes; a larger unit is one of its own."""
    runs: list[Run] = []
    first = 0
    while first < len(units):
        cut = _cut(units, first, capacity, minimum)
        runs.append((first, cut))
        first = cut
    return _merged(units, runs, capacity, minimum)


def size(units: Sequence[Unit], run: Run) -> int:
    """Bytes of a chunk, with what is repeated in it."""
    first, last = units[run[0]], units[run[1] - 1]
    return len(first.head) + last.end - first.start + len(last.tail)


def _cut(units: Sequence[Unit], first: int, capacity: int, minimum: int) -> int:
    """Return where to end the chunk that begins with `first`: the last of the best places it reaches."""
    start = units[first].start - len(units[first].head)
    best, best_rank = first + 1, 2 * GLUED
    for place in range(first + 1, len(units) + 1):
        last = units[place - 1]
        if last.end - start > capacity:
            break
        if last.end + len(last.tail) - start > capacity:
            continue
        if place == len(units):
            return place
        following = units[place]
        rank = following.rank + GLUED * following.glued
        if rank >= BLOCK and last.end - start < minimum:
            rank += TINY
        if rank <= best_rank:
            best, best_rank = place, rank
    return best


def _merged(units: Sequence[Unit], runs: Sequence[Run], capacity: int, minimum: int) -> list[Run]:
    """Join chunks under `minimum` bytes to a neighbour: the one that a worse place to cut parts it from."""
    merged: list[Run] = []
    for run, following in _with_following(runs):
        before = (merged[-1][0], run[1]) if merged else None
        if before is None or size(units, before) > capacity:
            merged.append(run)
        elif size(units, merged[-1]) < minimum:
            merged[-1] = before
        elif size(units, run) < minimum:
            after = (run[0], following[1]) if following else None
            nearer = after is not None and units[run[1]].rank > units[run[0]].rank
            if after is not None and nearer and size(units, after) <= capacity:
                merged.append(run)  # the next turn joins them
            else:
                merged[-1] = before
        else:
            merged.append(run)
    return merged


def _with_following(runs: Sequence[Run]) -> Iterator[tuple[Run, Run | None]]:
    return zip(runs, [*runs[1:], None], strict=False)  # no run, no following
