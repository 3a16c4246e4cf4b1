"""The Sphinx extension: its digest, its assets, and one small book built with the course's own configuration."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
import yaml
from sphinx.errors import ConfigError

ROOT = Path(__file__).parents[1]
spec = importlib.util.spec_from_file_location("course", ROOT / "book" / "_extensions" / "course.py")
course = importlib.util.module_from_spec(spec)
spec.loader.exec_module(course)

WANTED = {*course.DECK.values(), *(font.replace("*", "font") for font in course.FONTS)}


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A repository in small: the code, the lock, and installed the files that decks load and one that none does."""
    shutil.copytree(ROOT / "lib", tmp_path / "lib", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "requirements.txt", tmp_path)
    for name in [*WANTED, "mathjax/notes.txt"]:
        file = tmp_path / "node_modules" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    monkeypatch.setattr(course, "ROOT", tmp_path)
    return tmp_path


def application(root):
    return SimpleNamespace(outdir=str(root / "_build" / "html"), builder=SimpleNamespace(format="html"))


def configured(root):
    config = SimpleNamespace()
    course.configure(application(root), config)
    return config


# --- the digest -----------------------------------------------------------------------------------------------------

CHANGES = {
    "a module": lambda root: (root / "lib" / "gumbel.py").write_text("\n"),
    "one character": lambda root: append(root / "lib" / "gumbel.py", "\n"),
    "the data": lambda root: (root / "lib" / "data" / "digits.npz").write_bytes(b""),
    "a figure": lambda root: append(root / "lib" / "figures" / "style.py", "\n"),
    "an exercise": lambda root: append(root / "lib" / "exercises" / "__init__.py", "\n"),
    "a new module": lambda root: (root / "lib" / "new.py").write_text(""),
    "a lost module": lambda root: (root / "lib" / "gumbel.py").unlink(),
    "a new name": lambda root: (root / "lib" / "gumbel.py").rename(root / "lib" / "gumbels.py"),
    "a new folder": lambda root: (root / "lib" / "gumbel.py").rename(root / "lib" / "figures" / "gumbel.py"),
    "the lock": lambda root: append(root / "requirements.txt", "\n"),
}
NO_CHANGES = {
    "nothing": lambda root: None,
    "the time": lambda root: os.utime(root / "lib" / "gumbel.py", (1, 1)),
    "compiled code": lambda root: (root / "lib" / "gumbel.pyc").write_bytes(b"1"),
    "the README": lambda root: (root / "README.md").write_text("1"),
    "a test": lambda root: (root / "test_it.py").write_text("1"),
    "the page's packages": lambda root: (root / "package.json").write_text("1"),
    "the lock of the tests": lambda root: (root / "requirements-test.txt").write_text("1"),
}


def append(path, text):
    path.write_text(path.read_text() + text)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_the_digest_changes_with_what_a_notebook_runs(root, change):
    before = course.code_digest()
    change(root)
    assert course.code_digest() != before


@pytest.mark.parametrize("change", NO_CHANGES.values(), ids=NO_CHANGES.keys())
def test_the_digest_does_not_change_with_anything_else(root, change):
    before = course.code_digest()
    change(root)
    assert course.code_digest() == before


def test_moving_bytes_from_one_file_to_the_next_changes_the_digest(root):
    first, second = root / "lib" / "new_a.py", root / "lib" / "new_b.py"
    first.write_bytes(b"ab"), second.write_bytes(b"c")
    before = course.code_digest()
    first.write_bytes(b"a"), second.write_bytes(b"bc")
    assert course.code_digest() != before


def test_the_cache_is_kept_for_one_state_of_the_code(root):
    first = Path(configured(root).nb_execution_cache_path)
    first.mkdir(parents=True)
    config = configured(root)
    assert Path(config.nb_execution_cache_path) == first and first.is_dir()
    assert config.course_digest == first.name == course.code_digest()
    append(root / "lib" / "gumbel.py", "\n")
    second = Path(configured(root).nb_execution_cache_path)
    assert second != first and second.parent == first.parent
    assert not first.exists()  # nothing would ever read it again


def test_another_style_sheet_writes_the_pages_again_and_runs_no_notebook(root):
    (root / "book" / "_static").mkdir(parents=True)
    before = configured(root)
    (root / "book" / "_static" / "new.css").write_text("p {}")
    after = configured(root)
    assert after.course_static != before.course_static
    assert after.course_digest == before.course_digest


# --- the assets -----------------------------------------------------------------------------------------------------


def test_without_the_packages_the_build_says_what_to_do(root):
    shutil.rmtree(root / "node_modules")
    with pytest.raises(ConfigError, match="run `make book`, or `npm ci`"):
        configured(root)


def test_scripts_and_fonts_are_copied_beside_the_pages_and_nothing_else(root):
    app = application(root)
    course.finish(app, None)
    vendor = Path(app.outdir) / "_static" / "vendor"
    assert {path.relative_to(vendor).as_posix() for path in vendor.rglob("*") if path.is_file()} == WANTED
    for name in WANTED:
        assert (vendor / name).read_text() == (root / "node_modules" / name).read_text()


@pytest.mark.parametrize(("source", "lock", "again"), [(1, 1, False), (3, 1, True), (1, 3, True)])
def test_a_file_is_made_again_when_its_sources_or_the_packages_are_newer(root, source, lock, again):
    made, script, packages = root / "made.js", root / "script.js", root / "package-lock.json"
    for file, time in (made, 2), (script, source), (packages, lock):
        file.write_text("as it was")
        os.utime(file, (time, time))
    course.make(made, lambda file: file.write_text("made"), script)
    assert (made.read_text() == "made") == again


@pytest.mark.parametrize("broken, kind", [(ValueError(), "html"), (None, "latex")])
def test_nothing_is_copied_after_a_failure_or_for_another_format(root, broken, kind):
    app = application(root)
    app.builder.format = kind
    course.finish(app, broken)
    assert not Path(app.outdir).exists()


@pytest.mark.parametrize("pattern", [*course.DECK.values(), *course.FONTS])
def test_the_installed_packages_have_the_files_that_are_asked_for(pattern):
    assert list((ROOT / "node_modules").glob(pattern))


# --- a book in small ------------------------------------------------------------------------------------------------

FIGURE = """
def dot(place):
    figure, ax = style.figure()
    ax.plot(place, 1, "o", label=f"{BROKEN:.1f}")
    return figure, f"The dot is at {place}."
"""
IMPORTS = "from lib.explore import explore, grid\nfrom lib.figures import style"


def book(folder, line):
    """A book with the course's configuration: a page with three frames, a notebook and a page without widgets."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    config["sphinx"]["local_extensions"] = {"course": str(ROOT / "book" / "_extensions")}
    config["sphinx"]["config"] |= {"html_static_path": [str(ROOT / "book" / "_static")], "html_css_files": []}
    for key in ("logo", "favicon"):
        config.pop(key, None), config["html"].pop(key, None)
    (folder / "_config.yml").write_text(yaml.safe_dump(config))
    (folder / "_toc.yml").write_text("format: jb-book\nroot: index\nchapters:\n- file: moving\n- file: still\n")
    (folder / "index.md").write_text("# A page without widgets\n")
    sources = [IMPORTS, FIGURE.replace("{BROKEN:.1f}", line).strip(), "explore(dot, place=grid(-1, 1, 3))"]
    page = [nbformat.v4.new_markdown_cell("# A page with one"), *map(nbformat.v4.new_code_cell, sources)]
    nbformat.write(nbformat.v4.new_notebook(cells=page), folder / "moving.ipynb")
    still = [nbformat.v4.new_markdown_cell("# A page without one"), nbformat.v4.new_code_cell("print(6 * 7)")]
    nbformat.write(nbformat.v4.new_notebook(cells=still), folder / "still.ipynb")
    command = [str(Path(sys.executable).parent / "jupyter-book"), "build", ".", "-W", "--keep-going"]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Two books, built side by side: the second's figure function divides by zero at one of its three places."""
    folders = {"right": tmp_path_factory.mktemp("right"), "broken": tmp_path_factory.mktemp("broken")}
    right = book(folders["right"], "1")
    broken = book(folders["broken"], "{1 / (place - 1):.1f}")
    return {
        case: (process.communicate()[0], process.returncode, folders[case] / "_build" / "html")
        for case, process in (("right", right), ("broken", broken))
    }


def scripts(page):
    return " ".join(re.findall(r'<script[^>]*\bsrc="([^"]+)"', page))


def test_a_figure_that_fails_for_one_value_of_a_slider_fails_the_build(built):
    text, code, _ = built["broken"]
    assert code != 0, text
    assert "ZeroDivisionError" in text and "while drawing dot(place=1)" in text


def test_the_notebooks_run_side_by_side_once_each_and_a_failing_one_is_not_stored(built):
    for case, stored in {"right": ["moving", "still"], "broken": []}.items():  # the first failure ends the build
        text = built[case][0]
        assert "running 2 notebooks" in text
        assert re.findall(r"(\w+)\.ipynb: Using cached notebook", text) == stored
    assert "42" in (built["right"][2] / "still.html").read_text()


def test_a_page_holds_every_frame_and_its_sentence(built):
    text, code, html = built["right"]
    assert code == 0, text
    page = (html / "moving.html").read_text()
    [state] = re.findall(r'<script type="application/vnd.jupyter.widget-state\+json">(.*?)</script>', page, re.S)
    models = json.loads(state)["state"].values()
    frames = [m["state"]["value"] for m in models if m["model_name"] == "HTMLModel" and m["state"]["value"]]
    pictures = {re.search(r'src="(data:image/webp;base64,[^"]{99,})"', frame)[1] for frame in frames}
    captions = sorted(re.search(r"<figcaption[^>]*>(.*?)</figcaption>", frame)[1] for frame in frames)
    assert len(frames) == len(pictures) == 3
    assert captions == ["The dot is at -1.", "The dot is at 0.", "The dot is at 1."]
    assert "LinkModel" in {m["model_name"] for m in models}  # what lets the slider move them


def test_a_page_shows_the_first_picture_before_its_scripts(built):
    page = (built["right"][2] / "moving.html").read_text()
    [(first, view)] = re.findall(r'<div class="first-picture"[^>]*>(.*?)</div><script[^>]*>(.*?)</script>', page)
    assert json.loads(view).keys() == {"model_id", "printed", "version_major", "version_minor"}
    assert first.count("<img") == 1 and "<figcaption" in first and "The dot is at 0." in first


def test_only_a_page_with_widgets_loads_their_script(built):
    html = built["right"][2]
    for script in "widgets.js", "share.js":
        assert script in scripts((html / "moving.html").read_text())
        assert script not in scripts((html / "index.html").read_text())


def test_no_page_of_the_course_loads_thebe(built):
    for page in built["right"][2].glob("*.html"):
        assert "thebe" not in scripts(page.read_text()).lower()


def test_vendored_scripts_of_a_built_page_are_there(built):
    html = built["right"][2]
    page = (html / "moving.html").read_text()
    local = [src.partition("?")[0] for src in scripts(page).split() if "://" not in src]
    assert local and not [src for src in local if not (html / src).is_file()]
