"""What a benchmark found, and how it is shown."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from rich.table import Table


@dataclass(frozen=True, slots=True)
class Row:
    """One figure beside its baseline."""

    what: str
    unit: str
    values: Sequence[float]
    """One a round; not empty."""
    baseline: str = ""
    """What the baseline is; empty where there is none."""
    baseline_values: Sequence[float] = ()

    @property
    def ratio(self) -> str:
        """The figure's median by the baseline's."""
        if not self.baseline_values or not median(self.baseline_values):
            return ""
        return f"{median(self.values) / median(self.baseline_values):.2g}×"

    def __str__(self) -> str:
        parts = (f"{self.what}: {spread(self.values)} {self.unit}", spread(self.baseline_values), self.ratio)
        return " | ".join(part for part in parts if part)


def spread(values: Sequence[float]) -> str:
    """Write the median, with minimum and maximum where there is more than one value."""
    if not values:
        return ""
    if min(values) == max(values):
        return _number(values[0])
    return f"{_number(median(values))} ({_number(min(values))}–{_number(max(values))})"


def _number(value: float) -> str:
    if value == int(value):
        return str(int(value))
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def table(rows: Sequence[Row]) -> Table:
    """All rows as a table: medians (minimum–maximum)."""
    machine = (
        f"{os.cpu_count()} cores ({platform.machine()}), no GPU used, Python {platform.python_version()}"
    )
    drawn = Table(title=f"Medians (minimum–maximum); {machine}", title_justify="left")
    drawn.add_column("figure")
    drawn.add_column("measured", justify="right")
    drawn.add_column("unit")
    drawn.add_column("baseline", justify="right")
    drawn.add_column("ratio", justify="right")
    drawn.add_column("what the baseline is")
    for row in rows:
        measured, baseline = spread(row.values), spread(row.baseline_values)
        drawn.add_row(row.what, measured, row.unit, baseline, row.ratio, row.baseline)
    return drawn
