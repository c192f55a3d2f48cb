"""Which units go into one chunk: cuts are made where it is least bad, and tiny chunks joined."""

from collections.abc import Iterator, Sequence

from alonchat_crawl.extract.chunks.units import BLOCK, Unit

LEAVES_HEADING = 1000  # worse than any rank: a heading would be left behind
LEAVES_TINY = 500  # worse than any but that: the few words before a large block would be a chunk

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
    """Return a chunk's bytes, with what it repeats."""
    first, last = units[run[0]], units[run[1] - 1]
    return len(first.head) + last.end - first.start + len(last.tail)


def _cut(units: Sequence[Unit], first: int, capacity: int, minimum: int) -> int:
    """Return where the chunk that begins with `first` ends: the last of the best places that it can reach."""
    start = units[first].start - len(units[first].head)
    best, best_rank = first + 1, 2 * LEAVES_HEADING
    for place in range(first + 1, len(units) + 1):
        last = units[place - 1]
        if last.end - start > capacity:
            break
        if last.end + len(last.tail) - start > capacity:
            continue
        if place == len(units):
            return place
        following = units[place]
        rank = following.rank + LEAVES_HEADING * following.under_heading
        if rank >= BLOCK and last.end - start < minimum:
            rank += LEAVES_TINY
        if rank <= best_rank:
            best, best_rank = place, rank
    return best


def _merged(units: Sequence[Unit], runs: Sequence[Run], capacity: int, minimum: int) -> list[Run]:
    """Join each chunk under `minimum` bytes to the neighbour from which it is worse to cut it."""
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
    return zip(runs, [*runs[1:], None], strict=False)  # there may be no run at all
