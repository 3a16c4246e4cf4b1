"""The files around the course agree with each other: locks, commands, workflow, README."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def git(*arguments):
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)


def pins(name):
    """The versions a lock file pins, by package."""
    lines = (ROOT / name).read_text().splitlines()
    requirements = [Requirement(line) for line in lines if re.match(r"\w", line)]
    return {canonicalize_name(r.name): next(iter(r.specifier)).version for r in requirements}


def group(name):
    """The direct dependencies of a dependency group, those of the groups it includes among them."""
    for entry in PROJECT["dependency-groups"][name]:
        if isinstance(entry, dict):
            yield from group(entry["include-group"])
        else:
            yield Requirement(entry)


def targets():
    """The targets the Makefile declares .PHONY that have a rule, too."""
    text = (ROOT / "Makefile").read_text()
    declared = re.search(r"^\.PHONY: (.*)$", text, re.M)[1].split()
    return {target for target in declared if re.search(rf"^{target}:", text, re.M)}


def make_calls(text):
    """The targets of the `make TARGET` calls in a text of commands."""
    return set(re.findall(r"\bmake ([a-z]+)", text))


def unsatisfied(requirements, pinned):
    """The requirements that a lock does not pin, or pins to a version outside their bounds."""
    return [str(r) for r in requirements if not r.specifier.contains(pinned.get(canonicalize_name(r.name), "0"), True)]


# --- the locks ------------------------------------------------------------------------------------------------------


def test_the_readers_lock_pins_every_direct_dependency():
    requirements = [Requirement(text) for text in PROJECT["project"]["dependencies"]]
    assert requirements
    assert not unsatisfied(requirements, pins("requirements.txt")), "run make lock"


@pytest.mark.parametrize("name", ["live", "hub", "test"])
def test_a_groups_lock_pins_every_direct_dependency_of_the_group(name):
    assert not unsatisfied(group(name), pins(f"requirements-{name}.txt")), "run make lock"


def test_unsatisfied_sees_missing_and_outdated_pins():
    assert unsatisfied([Requirement("numpy>=2.3")], {}) == ["numpy>=2.3"]
    assert unsatisfied([Requirement("numpy>=2.3")], {"numpy": "2.2.9"}) == ["numpy>=2.3"]
    assert unsatisfied([Requirement("numpy>=2.3")], {"numpy": "2.3"}) == []


def test_the_readers_lock_ends_with_the_project_itself():
    assert (ROOT / "requirements.txt").read_text().endswith("\n-e .\n")


def test_readers_get_neither_jupyterlab_nor_test_packages():
    dependencies = {canonicalize_name(Requirement(text).name) for text in PROJECT["project"]["dependencies"]}
    # these come with Jupyter Book; the group names them because the tests import them
    brought_along = {"jupyter-client", "nbclient", "nbformat", "packaging", "psutil", "pyyaml", "requests"}
    brought_along |= {"websocket-client"}
    unwanted = {canonicalize_name(r.name) for name in ("test", "hub") for r in group(name)} - brought_along
    assert {"jupyterlab", "jupyterhub", "pytest"} <= unwanted
    assert not unwanted & dependencies
    assert not unwanted & pins("requirements.txt").keys()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("requirements.txt", "requirements-live.txt"),
        ("requirements.txt", "requirements-hub.txt"),
        ("requirements.txt", "requirements-test.txt"),
        ("requirements-live.txt", "requirements-hub.txt"),
        ("requirements-live.txt", "requirements-test.txt"),
        ("requirements-hub.txt", "requirements-test.txt"),
    ],
)
def test_the_locks_agree_where_they_name_the_same_package(one, other):
    one, other = pins(one), pins(other)
    both = one.keys() & other.keys()
    assert both
    assert {p: one[p] for p in both} == {p: other[p] for p in both}, "run make lock"


@pytest.mark.parametrize("name", [f"requirements{suffix}.txt" for suffix in ("", "-live", "-hub", "-test")])
def test_python_locks_hold_versions_and_no_addresses(name):
    lines = [line for line in (ROOT / name).read_text().splitlines() if not line.lstrip().startswith("#")]
    odd = [line for line in lines if not re.match(r"[\w.-]+==[\w.+-]+( ; .+)?$", line) and line != "-e ."]
    assert len(lines) > 50 and not odd


@pytest.mark.parametrize("folder", [".", "hub"])
def test_javascript_is_pinned_exactly_and_as_locked(folder):
    package = json.loads((ROOT / folder / "package.json").read_text())
    locked = json.loads((ROOT / folder / "package-lock.json").read_text())["packages"]
    assert locked[""]["dependencies"] == package["dependencies"]
    for name, version in package["dependencies"].items():
        assert str(Version(version)) == version, f"{name}: {version} is not one exact version"
        assert locked[f"node_modules/{name}"]["version"] == version


@pytest.mark.parametrize("folder", [".", "hub"])
def test_javascript_is_locked_by_hash_and_not_by_address(folder):
    locked = json.loads((ROOT / folder / "package-lock.json").read_text())["packages"]
    packages = {name: entry for name, entry in locked.items() if name}
    assert not [name for name, entry in packages.items() if not entry.get("integrity", "").startswith("sha512-")]
    assert not [name for name, entry in packages.items() if "resolved" in entry]


# --- the commands and who calls them --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "path"),
    [("github-workflows", ".github/workflows/book.yml"), ("citation-file-format", "CITATION.cff")],
)
def test_the_file_follows_its_schema(schema, path):
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", path]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_workflow_calls_make_targets_that_exist():
    workflow = yaml.safe_load((ROOT / ".github/workflows/book.yml").read_text())
    commands = [step.get("run", "") for job in workflow["jobs"].values() for step in job["steps"]]
    called = make_calls("\n".join(commands))
    assert "test" in called
    assert called <= targets()


def test_the_workflow_publishes_only_what_passed_the_tests():
    jobs = yaml.safe_load((ROOT / ".github/workflows/book.yml").read_text())["jobs"]
    assert jobs["publish"]["needs"] == "test"
    assert "refs/heads/main" in jobs["publish"]["if"]


def test_ci_requires_the_browser_and_calls_make_test():
    script = ROOT / ".ci/run"
    assert git("ls-files", "--stage", ".ci/run").stdout.startswith("100755"), ".ci/run must be executable"
    assert "\nREQUIRE_BROWSER=1 make test\n" in script.read_text()


def test_every_make_target_named_in_the_readme_exists():
    code = "\n".join(re.findall(r"`[^`\n]+`|^ {4}.*$", (ROOT / "README.md").read_text(), re.M))
    named = make_calls(code)
    assert {"book", "test", "live", "serve"} <= named
    assert named <= targets()


def test_make_alone_lists_every_target():
    listed = subprocess.run(["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True).stdout
    assert make_calls(listed) == targets() - {"help"}


def test_the_files_the_readme_links_to_exist():
    links = re.findall(r"\]\(([^)]+)\)", (ROOT / "README.md").read_text())
    files = [link for link in links if "://" not in link]
    assert files and not [file for file in files if not (ROOT / file).is_file()]


def test_the_readme_states_the_measured_ratios():
    results = (ROOT / "benchmarks" / "RESULTS.md").read_text()
    measured = re.findall(r"^\| (?:kB|ms) .*, stock over ours: least, median, most \| (.*?) \|", results, re.M)
    stated = re.findall(r"^  \| (?:bytes|time) .*? \| (.*) \|$", (ROOT / "README.md").read_text(), re.M)
    assert len(measured) == 3 and stated == [numbers.replace(", ", " | ") for numbers in measured]


# --- what is in the repository --------------------------------------------------------------------------------------


def test_lib_is_not_ignored():
    assert git("check-ignore", "--no-index", "_build/x").returncode == 0, "git check-ignore does not answer"
    assert git("check-ignore", "--no-index", "lib/x.py", "lib/figures/x.py", "lib/exercises/x.py").stdout == ""


def test_no_file_holds_leftovers():
    """Merge markers, notes to oneself, folders of somebody's machine."""
    # written so that this file does not match itself
    patterns = ["^<{7} ", "^>{7} ", r"\bTO[D]O\b", r"\bFIXM[E]\b", "/hom[e]/[a-z]", "/User[s]/[A-Za-z]", "/roo[t]/"]
    found = git("grep", "-nIE", "|".join(patterns), "--", ":!package-lock.json")
    assert found.returncode == 1, found.stdout + found.stderr


def test_installed_and_built_files_are_not_tracked():
    tracked = git("ls-files").stdout.splitlines()
    made = re.compile(r"(^|/)(_build|node_modules|\.venv.*|__pycache__|\.ipynb_checkpoints)/")
    assert "pyproject.toml" in tracked
    assert not [file for file in tracked if made.search(file)]
