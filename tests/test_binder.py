"""Binder: what mybinder.org makes of this repository, the button that leads there, and a chapter run there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import binder
import browser
import lab
import nbformat
import pytest
import yaml
from playwright.sync_api import expect
from sphinx.errors import ConfigError
from test_course import course
from test_repository import pins

ROOT = Path(__file__).parents[1]
CHAPTER = "book/gumbel/concrete"
PATIENCE = 30_000  # milliseconds; only a failure waits so long

# --- what repo2docker reads -----------------------------------------------------------------------------------------


def test_binder_runs_the_python_the_locks_are_made_for():
    [version] = re.findall(r"--python-version (\S+)", (ROOT / "Makefile").read_text())
    assert binder.python_version() == version
    assert f"environment.py-{version}-linux-64.lock".replace(".", "-2e") in binder.dockerfile().replace("-2d", "-")


def test_binder_installs_the_readers_lock_and_then_nothing_more():
    assert binder.commands() == ['${KERNEL_PYTHON_PREFIX}/bin/pip install --no-cache-dir -r ".binder/requirements.txt"']
    assert (ROOT / ".binder" / "requirements.txt").read_text() == "-r ../requirements.txt\n"


def test_the_command_finds_the_whole_repository_and_does_not_run_as_root():
    text = binder.dockerfile()
    [command] = binder.commands()
    before = text[: text.index(f"RUN {command}")]
    assert re.search(r"^COPY --chown=1000:1000 src/ \$\{REPO_DIR\}/$", before, re.M)
    assert re.findall(r"^USER (.+)$", before, re.M)[-1] == re.findall(r"^USER (.+)$", text, re.M)[-1] == "${NB_USER}"


# --- the button -----------------------------------------------------------------------------------------------------

GITHUB = {"GITHUB_REPOSITORY": "someone/course"}
ELSEWHERE = {"GITHUB_REPOSITORY": "someone/course", "GITHUB_SERVER_URL": "https://git.example.org"}


def repository(monkeypatch, variables, **options):
    """The theme's options once the extension has seen the variables of the build."""
    for name in ELSEWHERE:
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    config = SimpleNamespace(html_theme_options={"launch_buttons": {"binderhub_url": "https://hub"}} | options)
    course.find_repository(None, config)
    return config.html_theme_options


@pytest.mark.parametrize(
    ("variables", "written", "found"),
    [
        (GITHUB, "", "https://github.com/someone/course"),
        (GITHUB | {"GITHUB_SERVER_URL": "https://github.com"}, None, "https://github.com/someone/course"),
        ({}, "https://github.com/other/book", "https://github.com/other/book"),
        ({}, "https://github.com/other/book.git", "https://github.com/other/book"),
        ({}, "https://gitlab.com/other/book/", "https://gitlab.com/other/book"),
        (GITHUB, "https://github.com/other/book", "https://github.com/other/book"),  # what is written holds
    ],
)
def test_the_repository_is_the_one_written_down_or_the_one_the_workflow_runs_in(monkeypatch, variables, written, found):
    options = repository(monkeypatch, variables, repository_url=written)
    assert options["repository_url"] == found and "launch_buttons" in options


@pytest.mark.parametrize("variables", [{}, {"GITHUB_REPOSITORY": ""}, ELSEWHERE])
def test_without_an_address_there_is_no_button(monkeypatch, variables):
    options = repository(monkeypatch, variables, repository_url="")
    assert options["repository_url"] == "" and "launch_buttons" not in options


NOT_OPENED = ["git@github.com:a/b", "a/b", "https://github.com/a", "https://gitlab.com/a/b/c", "https://a.example/b/c"]


@pytest.mark.parametrize("written", NOT_OPENED)
def test_an_address_that_binder_cannot_open_ends_the_build(monkeypatch, written):
    with pytest.raises(ConfigError, match=re.escape(written)):
        repository(monkeypatch, {}, repository_url=written)


def book(folder, variables):
    """Start to build a book with the course's settings of a chapter without code and a page that is no notebook."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    config["sphinx"]["local_extensions"] = {"course": str(ROOT / "book" / "_extensions")}
    (folder / "_config.yml").write_text(yaml.safe_dump(config))
    (folder / "_toc.yml").write_text(f"format: jb-book\nroot: book/index\nchapters:\n- file: {CHAPTER}\n")
    shutil.copytree(ROOT / "book" / "_static", folder / "book" / "_static")
    (folder / "book" / "index.md").write_text("# A page that is no notebook\n")
    (folder / CHAPTER).parent.mkdir()
    chapter = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# A chapter of the course")])
    nbformat.write(chapter, folder / f"{CHAPTER}.ipynb")
    command = [Path(sys.executable).parent / "jupyter-book", "build", ".", "-W", "--keep-going"]
    environment = {k: v for k, v in os.environ.items() if k not in ELSEWHERE} | variables
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


@pytest.fixture(scope="module")
def sites(tmp_path_factory):
    """Two sites, built side by side: one in GitHub's workflow, the other where no address is known."""
    folders = {"known": tmp_path_factory.mktemp("known"), "unknown": tmp_path_factory.mktemp("unknown")}
    builds = {case: book(folder, GITHUB if case == "known" else {}) for case, folder in folders.items()}
    for process in builds.values():
        said = process.communicate()[0]
        assert process.returncode == 0, said
    return {case: folder / "_build" / "html" for case, folder in folders.items()}


def launch_links(page):
    return re.findall(r'href="(https://mybinder\.org[^"]*)"', page.read_text())


def test_a_chapter_has_a_link_that_opens_it_in_binder(sites):
    [link] = launch_links(sites["known"] / f"{CHAPTER}.html")
    assert link == f"https://mybinder.org/v2/gh/someone/course/main?urlpath=lab/tree/{CHAPTER}.ipynb"
    assert (ROOT / f"{CHAPTER}.ipynb").is_file()


def test_other_pages_and_sites_without_an_address_have_none(sites):
    pages = [page for site in sites.values() for page in site.rglob("*.html")]
    linked = [page for page in pages if "mybinder" in page.read_text()]
    assert len(pages) > 4 and linked == [sites["known"] / f"{CHAPTER}.html"]


def test_the_published_branch_is_the_one_binder_opens():
    workflow = (ROOT / ".github" / "workflows" / "book.yml").read_text()
    branch = yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]["branch"]
    assert f"if: github.ref == 'refs/heads/{branch}'" in workflow


def test_the_settings_of_the_theme_reach_the_pages(sites):
    """Without `recursive_update` in _config.yml Jupyter Book drops them all, the licence at the foot among them."""
    settings = yaml.safe_load((ROOT / "_config.yml").read_text())
    for page in (sites["known"] / "book").rglob("*.html"):
        assert settings["html"]["extra_footer"].strip() in page.read_text(), page


@pytest.mark.browser
@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
def test_the_button_is_named_seen_and_pressed_by_key(chromium, sites, width, height):
    with (
        browser.serve(sites["known"]) as site,
        browser.visit(chromium, site, f"{CHAPTER}.html", width, height) as (page, problems),
    ):
        page.wait_for_load_state("networkidle")
        button = page.get_by_role("link", name="Run in Binder", exact=True)
        expect(button).to_be_in_viewport(ratio=1, timeout=PATIENCE)
        expect(button.locator("i")).to_be_visible(timeout=PATIENCE)  # the icon comes with the page
        box = button.bounding_box()
        assert min(box["width"], box["height"]) >= 24, box
        middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        hit = button.evaluate("(button, [x, y]) => button.contains(document.elementFromPoint(x, y))", middle)
        assert hit, "something covers the button"
        text = button.get_by_text("Run in Binder").bounding_box()["width"]
        assert (text > 40) == (width > 600), "the words are for wide pages, the icon alone for narrow ones"
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert not problems, "\n".join(problems)

        for _ in range(60):
            page.keyboard.press("Tab")
            if button.evaluate("button => button === document.activeElement"):
                break
        expect(button).to_be_focused(timeout=PATIENCE)
        with page.context.expect_event("request", timeout=PATIENCE) as asked:
            page.keyboard.press("Enter")
        assert asked.value.url == button.get_attribute("href")


# --- a chapter in the environment -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def home():
    """The home of a reader in Binder, as it is when Binder has just made it."""
    if not (binder.PREFIX / "home").exists():
        pytest.fail(".venv-binder is not there: run `make .venv-binder/.installed` first")
    return binder.copy_repository()


def ask(code, folder):
    """What a line of Python prints in the environment."""
    command = [binder.PREFIX / "bin" / "python", "-c", code]
    return subprocess.check_output(command, cwd=folder, env=binder.clean_environment(), text=True)


def test_the_environment_is_the_lock_on_top_of_binders_own_and_no_package_breaks_another(home):
    frozen = binder.base()[1]
    code = "from importlib.metadata import *; print({d.name: d.version for d in distributions()})"
    installed = {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in eval(ask(code, home)).items()}
    wanted = pins("requirements.txt")
    differ = {name: installed[name] for name in wanted.keys() & installed.keys() if installed[name] != wanted[name]}
    missing = {name for name in wanted if name not in installed} - {"appnope", "colorama", "pywin32", "pywinpty"}
    assert not differ and not missing
    for name in "jupyterlab", "notebook", "jupyterhub":  # these are Binder's
        assert installed[name] == frozen[name]
    check = subprocess.run(
        [binder.PREFIX / "bin" / "python", "-m", "pip", "check"], capture_output=True, text=True, cwd=home
    )
    assert check.returncode == 0, check.stdout + check.stderr


def test_a_change_of_the_code_is_what_the_next_kernel_runs(home):
    assert ask("import lib; print(lib.__file__)", home / "book") == f"{home / 'lib' / '__init__.py'}\n"


# JupyterLab keeps in the page only the cells in sight; these look at all of them.
FAILED_CELLS = """
jupyterapp.shell.currentWidget.content.widgets.map(cell => cell.model.toJSON())
    .filter(cell => cell.outputs?.some(output => output.output_type === 'error')).map(cell => cell.source)
"""
SHOW = """
source => {
    const notebook = jupyterapp.shell.currentWidget.content;
    notebook.activeCellIndex = notebook.widgets.findIndex(cell => cell.model.sharedModel.source.includes(source));
    void notebook.scrollToItem(notebook.activeCellIndex);
}
"""


@pytest.mark.browser
def test_the_chapter_that_the_button_names_runs_in_binder(chromium, home, sites, tmp_path, monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    [link] = launch_links(sites["known"] / f"{CHAPTER}.html")
    [place] = parse_qs(urlsplit(link).query)["urlpath"]
    with (
        lab.serve_lab(home, tmp_path, binder.PREFIX / "bin" / "python", settings="") as address,
        lab.open_notebook(chromium, address, place.removeprefix("lab/tree/")) as page,
    ):
        version = page.evaluate("JSON.parse(document.getElementById('jupyter-config-data').textContent).appVersion")
        assert version == binder.base()[1]["jupyterlab"]
        lab.run_all(page)
        assert page.evaluate(FAILED_CELLS) == []

        shown = page.locator(".jp-Notebook-cell.jp-mod-active")
        page.evaluate(SHOW, "explore(")
        explorable = shown.locator(".explorable")
        expect(explorable.locator(".noUi-handle").first).to_be_in_viewport(timeout=PATIENCE)
        caption, picture = explorable.locator("figcaption"), explorable.locator("img")
        before, said = picture.get_attribute("src"), caption.inner_text()
        explorable.locator(".noUi-handle").first.press("End")
        expect(caption).not_to_have_text(said, timeout=PATIENCE)
        expect(picture).not_to_have_attribute("src", before, timeout=PATIENCE)
        expect(picture).to_have_attribute("alt", caption.inner_text(), timeout=PATIENCE)

        page.evaluate(SHOW, ":::{admonition} On the slide")
        expect(shown.locator("aside.myst-admonition")).to_contain_text("On the slide", timeout=PATIENCE)
        expect(shown.locator(".myst")).not_to_contain_text(":::")
