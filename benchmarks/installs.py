"""What installing takes.

**Installing.** The environment that mybinder.org builds of this repository, made anew without Docker: first the Python
packages of repo2docker's own base, in its versions, then the commands of its Dockerfile (`tests/binder.py`). It is
compared with the environment of `make book`, the same lock without a JupyterLab. Nothing comes from pip's cache. The
seconds are mostly those of the network. The image holds more: Ubuntu's packages, conda and Node, the same for every
repository.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import binder

from benchmarks import Row, say


def measure():
    with tempfile.TemporaryDirectory() as folder:
        environment = Path(folder) / "binder"
        base_seconds, base_size = timed("Installing Binder's own base", binder.make_base, environment)
        our_seconds, size = timed("Installing the course on top of it", binder.add_ours, environment)
        book_seconds, book_size = timed("Installing what `make book` needs", make_book, Path(folder) / "book")
    other = "of `make book`"
    yield Row("MB of the environment in Binder", f"{size:.0f}", f"{other}: {book_size:.0f}", book_size / size)
    seconds = base_seconds + our_seconds
    yield Row("seconds to install it", f"{seconds:.0f}", f"{other}: {book_seconds:.0f}", book_seconds / seconds)
    added = size - base_size
    yield Row("MB that the course adds to Binder's base", f"{added:.0f}", f"base: {base_size:.0f}", base_size / added)
    yield Row("seconds to add them", f"{our_seconds:.0f}", f"base: {base_seconds:.0f}", base_seconds / our_seconds)


def timed(what, install, prefix):
    """(the seconds an installation takes, the MB that are in the folder after it)."""
    say(f"{what} …")
    start = time.perf_counter()
    install(prefix)
    seconds = time.perf_counter() - start
    return seconds, sum(path.lstat().st_blocks * 512 for path in prefix.rglob("*")) / 1e6


def make_book(prefix):
    subprocess.run([sys.executable, "-m", "venv", prefix], check=True)
    pip = [prefix / "bin" / "pip", "install", "--no-cache-dir", "--quiet", "--disable-pip-version-check"]
    home = binder.copy_repository(prefix)
    subprocess.run([*pip, "-r", "requirements.txt"], cwd=home, env=binder.clean_environment(), check=True)
