"""Measurements of speed and size, each a ratio taken in one run: `make bench`, or python -m benchmarks."""

import statistics
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "_build" / "html"
sys.path.append(str(ROOT / "tests"))  # for `browser` and `lab`, which start Chromium and JupyterLab


@dataclass(frozen=True)
class Row:
    """One line of the results: what was measured, ours, what it is compared with, and how many times better ours is."""

    what: str
    ours: str
    other: str = ""
    ratio: float | None = None


@dataclass(frozen=True)
class Table:
    """A table of its own: its columns' heads, and its lines, whose entries are text."""

    heads: list
    lines: list

    def __str__(self):
        rule = ["---"] * len(self.heads)
        return "\n".join(f"| {' | '.join(line)} |" for line in [self.heads, rule, *self.lines])


def say(text):
    """Progress, beside the results."""
    print(text, file=sys.stderr, flush=True)


def percentile(values, percent):
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
