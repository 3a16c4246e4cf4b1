"""The environment that mybinder.org makes of this repository, without Docker: `python -m tests.binder` makes it.

repo2docker writes the Dockerfile. Its first part installs a base, the same for every repository: conda packages, frozen
for each Python. Here pip installs those of them that are Python's, in the same versions. The second part is ours: a
copy of the repository, and the commands that its files ask for. Here they run as they stand.
"""

import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
PREFIX = ROOT / ".venv-binder"
CONDA_NAMES = {
    "jupyterhub-base": "jupyterhub",
    "jupyterhub-singleuser": "jupyterhub",
    "nbconvert-core": "nbconvert",
    "python-fastjsonschema": "fastjsonschema",
}


@functools.cache
def dockerfile():
    """What repo2docker makes of the files here, with what it says before it."""
    options = ["--no-build", "--debug", "--user-id=1000", "--user-name=reader"]
    command = [sys.executable, "-m", "repo2docker", *options, "."]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}")
    return done.stdout


def python_version():
    return re.search(r"^Building conda environment for python=(\S+)", dockerfile(), re.M)[1]


def commands():
    """The shell commands that depend on the repository, those before its files are copied among them."""
    ours = re.search(r"^# Run pre-assemble scripts!.*?^# Container image Labels!", dockerfile(), re.M | re.S)[0]
    return re.findall(r"^RUN (.+)$", ours, re.M)


def base():
    """The base in pip's words: (what is asked for, the versions of all that comes with it)."""
    import repo2docker.buildpacks.conda as conda

    frozen = Path(conda.__file__).parent / f"environment.py-{python_version()}"
    asked = yaml.safe_load(Path(f"{frozen}.yml").read_text())["dependencies"]
    asked = [entry.partition("==") for entry in asked if not entry.startswith(("python=", "nodejs"))]
    locked = Path(f"{frozen}-linux-64.lock").read_text()
    python_packages = re.findall(r"/([^/]+)-([^-/]+)-py[^-/]*\.(?:conda|tar\.bz2)#", locked)
    pins = {CONDA_NAMES.get(name, name): version for name, version in python_packages}
    return ["".join((CONDA_NAMES.get(name, name), *version)) for name, *version in asked], pins


def make_base(prefix=PREFIX):
    """Make the environment anew, as far as it is the same for every repository."""
    subprocess.run([sys.executable, "-m", "venv", "--clear", prefix], check=True)
    asked, pins = base()
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as constraints:
        constraints.writelines(f"{name}=={version}\n" for name, version in pins.items())
        constraints.flush()
        pip = [prefix / "bin" / "pip", "install", "--no-cache-dir", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-c", constraints.name, *asked], env=clean_environment(), check=True)


def add_ours(prefix=PREFIX):
    """Copy the repository into the environment and run the Dockerfile's commands in the copy."""
    home = copy_repository(prefix)
    environment = clean_environment() | {"KERNEL_PYTHON_PREFIX": str(prefix), "PIP_QUIET": "1"}
    for command in commands():
        subprocess.run(command, shell=True, cwd=home, env=environment, check=True)


def copy_repository(prefix=PREFIX):
    """Renew the reader's home in Binder, a copy of the repository; returns its path."""
    home = prefix / "home"
    shutil.rmtree(home, ignore_errors=True)
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, tracked.split("\0")):
        if (ROOT / name).is_file():  # and not just deleted
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, home / name)
    return home


def clean_environment():
    """The variables of this process without those that would lead another Python to our packages."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}


if __name__ == "__main__":
    make_base()
    add_ours()
