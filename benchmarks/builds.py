"""How long a build takes.

**Builds.** `jupyter-book build . -W --keep-going` in a copy of the book: once clean, which runs every chapter and draws
every frame of every widget, and once again with nothing changed. The targets are for two cores.
"""

import shutil
import tempfile
import time
from pathlib import Path

from benchmarks import ROOT, Row, say
from benchmarks.pages import run_build

CLEAN, UNCHANGED = 240, 5  # seconds


def measure():
    with tempfile.TemporaryDirectory() as folder:
        book = Path(folder) / "book"
        shutil.copytree(ROOT, book, ignore=shutil.ignore_patterns("_build", "node_modules", ".*", "benchmarks"))
        for made in "node_modules", ".venv-node":  # which has Node, where the machine has none
            (book / made).symlink_to(ROOT / made)
        times = []
        for what in "clean", "unchanged":
            say(f"A build, {what} …")
            start = time.perf_counter()
            run_build(book, "-W", "--keep-going")
            times.append(time.perf_counter() - start)
    clean, unchanged = times
    for what, seconds, target in ("a clean", clean, CLEAN), ("an unchanged", unchanged, UNCHANGED):
        yield Row(f"seconds of {what} build", f"{seconds:.1f}", f"target: at most {target}", target / seconds)
    yield Row("an unchanged build against a clean one", f"{unchanged:.1f} s", f"{clean:.0f} s", clean / unchanged)
