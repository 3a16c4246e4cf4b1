"""A class of twenty on the course's hub at once: what they run, what they cannot see, and a server that is killed.

One hub serves all tests of this module. One student works in JupyterLab in a real browser, the others ask of the hub
and of their servers what JupyterLab asks (`students`). Where the tests do not run as root, or where other accounts
cannot run its Python, all servers share an account: then one test, of file permissions, is skipped.
"""

import re
import runpy
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import browser
import lab
import nbformat
import psutil
import pytest
import websocket
import yaml
from chapters import CHAPTERS
from playwright.sync_api import expect
from students import FOLDER, PATIENCE, Student, kill, open_hub, usage

ROOT = Path(__file__).parents[1]
CHAPTER = "gumbel/concrete.ipynb"
NAMES = [f"student-{number:02d}" for number in range(20)]
IN_BROWSER, *BY_REQUESTS = NAMES
MEMORY = 400e6  # bytes, more than a student takes who runs one chapter; benchmarks/RESULTS.md has the numbers
EDIT = "# a note of the student's own"
# The keys of the chart's values.schema.yaml that we use; below None, the chart takes anything.
CHART = {
    "hub": {"config": None},
    "proxy": {"https": {"enabled": None, "hosts": None, "letsencrypt": {"contactEmail": None, "acmeServer": None}}},
    "singleuser": {
        "image": {"name": None, "tag": None, "pullPolicy": None, "pullSecrets": None},
        "cmd": None,
        "defaultUrl": None,
        "extraEnv": None,
        "memory": {"limit": None, "guarantee": None},
        "cpu": {"limit": None, "guarantee": None},
        "storage": {"capacity": None, "type": None, "homeMountPath": None},
        "startTimeout": None,
    },
    "cull": {"enabled": None, "users": None, "timeout": None, "every": None, "concurrency": None, "maxAge": None},
}
lay_out = runpy.run_path(str(ROOT / "hub" / "student.py"))["lay_out"]


@pytest.fixture(scope="module")
def hub():
    with open_hub(NAMES) as hub:
        if not hub.separate:
            warnings.warn("Not root, or others cannot run its Python: FILE PERMISSIONS ARE NOT TESTED.", stacklevel=1)
        yield hub


@pytest.fixture(scope="module")
def work_of_a_class(hub, chromium):
    """Everybody logs in, runs the chapter and moves a slider, all at once; by name: (picture before, picture after,
    memory and seconds of the server and its kernel)."""
    with ThreadPoolExecutor(len(BY_REQUESTS)) as pool:
        others = [pool.submit(study, hub, name) for name in BY_REQUESTS]
        done = {IN_BROWSER: study_in_browser(hub, chromium)}
        return done | {name: work.result() for name, work in zip(BY_REQUESTS, others, strict=True)}


def study(hub, name):
    student = Student(hub, name)
    student.log_in()
    with student.open(CHAPTER) as notebook:
        notebook.run_all()
        return *notebook.move_a_slider(), *usage(hub.server(name))


def study_in_browser(hub, chromium):
    with visit(hub, chromium, IN_BROWSER) as page:
        lab.run_all(page, timeout=PATIENCE * 1000)
        explorable = page.locator(".explorable").filter(has=page.locator(".noUi-handle")).first
        picture = explorable.locator("img")
        before = picture.get_attribute("src")
        explorable.locator(".noUi-handle").press("End")
        expect(picture).not_to_have_attribute("src", before, timeout=PATIENCE * 1000)
        return before, picture.get_attribute("src"), *usage(hub.server(IN_BROWSER))


@contextmanager
def visit(hub, chromium, name):
    """Log in by the hub's form, on the way to the chapter; gives Playwright's page when its kernel is ready."""
    goal = quote(f"/user/{name}/lab/tree/{CHAPTER}", safe="")
    with browser.visit(chromium, hub.address, f"hub/login?next={goal}") as (page, _):
        page.locator("#username_input").fill(name)
        page.locator("#password_input").fill(hub.password)
        page.locator("#login_submit").click(no_wait_after=True)
        lab.wait_until_ready(page, timeout=PATIENCE * 1000)
        yield page


@pytest.fixture(scope="module")
def ada(hub):
    student = Student(hub, BY_REQUESTS[0])
    student.log_in()
    return student


@pytest.fixture(scope="module")
def emmy(hub):
    student = Student(hub, BY_REQUESTS[1])
    student.log_in()
    return student


# --- a class at once --------------------------------------------------------------------------------------------------


@pytest.mark.browser
def test_twenty_students_run_a_chapter_at_once_and_move_a_slider(work_of_a_class):
    assert len(work_of_a_class) == 20
    for name, (before, after, *_) in work_of_a_class.items():
        assert "data:image/webp" in before and "data:image/webp" in after and before != after, name


@pytest.mark.browser
def test_a_student_takes_no_more_than_a_hub_is_planned_for(work_of_a_class):
    for name, (_, _, memory, _) in work_of_a_class.items():
        assert 100e6 < memory < MEMORY, f"{name}: {memory / 1e6:.0f} MB"


def test_a_cell_that_asks_for_too_much_gets_an_error_and_its_kernel_lives(ada):
    with ada.open(CHAPTER) as notebook:
        with pytest.raises(RuntimeError, match="MemoryError"):
            notebook.run("much = bytearray(1_200_000_000)")
        assert notebook.run("print(len(bytearray(100_000_000)))") == "100000000\n"


def test_the_hub_looks_for_idle_servers(hub, ada):
    assert any(" 200 GET /hub/api/users" in line and "cull-idle@" in line for line in hub.log)


# --- what others cannot see -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "user/{emmy}/api/contents/" + CHAPTER),
        ("GET", "user/{emmy}/files/" + CHAPTER),
        ("GET", "user/{emmy}/lab"),
        ("GET", "user/{emmy}/api/sessions"),
        ("POST", "user/{emmy}/api/kernels"),
        ("GET", "user/{ada}/api/contents/..%2F..%2F{emmy}%2F" + FOLDER + "%2F" + CHAPTER),
        ("GET", "user/{ada}/files/..%2F..%2F{emmy}%2F" + FOLDER + "%2F" + CHAPTER),
        ("GET", "hub/api/users"),
        ("GET", "hub/api/users/{emmy}"),
        ("DELETE", "hub/api/users/{emmy}/server"),
        ("GET", "hub/admin"),
    ],
)
def test_a_student_cannot_come_at_anothers_server_or_files(ada, emmy, method, path):
    own = path.format(emmy=ada.name, ada=ada.name)
    path = path.format(emmy=emmy.name, ada=ada.name)
    if path.startswith("user/" + emmy.name) and method == "GET":
        assert ada.answer(method, own).status_code == 200, "the path is no path of a server"
    answer = ada.answer(method, path)
    assert answer.status_code in (403, 404), f"{method} {path} was answered by {answer.status_code}"
    assert "Concrete distribution" not in answer.text


def test_a_student_cannot_listen_to_anothers_kernel(ada, emmy):
    with emmy.open(CHAPTER):
        [kernel] = emmy.ask("GET", f"{emmy.server}api/kernels").json()
        path = f"{emmy.server}api/kernels/{kernel['id']}"
        emmy.connect(path).close()
        with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
            ada.connect(path)


SPY = """
import os
from pathlib import Path

def attempt(action):
    try:
        action()
    except PermissionError:
        return "refused"
    return "done"

their, hub = Path({their!r}), {hub}
print(attempt(lambda: Path({own!r}).read_text()), *map(attempt, [
    lambda: their.read_text(),
    lambda: os.listdir(their.parent),
    lambda: their.write_text("mine"),
    lambda: their.parent.joinpath("new").touch(),
    lambda: Path("/proc/{server}/environ").read_bytes(),
    lambda: os.kill({server}, 0),
    lambda: os.kill(hub, 0),
    lambda: Path("/proc/{hub}/environ").read_bytes(),
    lambda: os.listdir({data!r}),
]))
"""


def test_the_machine_keeps_students_files_and_programs_apart(hub, ada, emmy):
    if not hub.separate:
        pytest.skip("all servers share one account here")
    files = [str(hub.homes / student.name / FOLDER / CHAPTER) for student in (ada, emmy)]
    code = SPY.format(
        own=files[0], their=files[1], server=hub.server(emmy.name).pid, hub=hub.pid, data=str(hub.homes.parent / "data")
    )
    with ada.open(CHAPTER) as notebook:
        assert notebook.run(code).split() == ["done"] + 9 * ["refused"]


# --- a server that is killed ------------------------------------------------------------------------------------------


@pytest.mark.browser
def test_a_killed_server_comes_back_by_itself_with_what_was_saved(hub, chromium):
    with visit(hub, chromium, IN_BROWSER) as page:
        page.evaluate(
            """async text => {
                const run = (name, options) => jupyterapp.commands.execute(name, options);
                await run('notebook:insert-cell-above');
                await run('notebook:replace-selection', {text});
                await run('docmanager:save');
            }""",
            EDIT,
        )
        server = hub.server(IN_BROWSER)
        kernels = server.children(recursive=True)
        assert kernels
        kill(server)
        assert not psutil.wait_procs(kernels, timeout=PATIENCE)[1], "a kernel outlived its server"
        hub.wait_until_it_misses(IN_BROWSER)
        page.reload(wait_until="commit")  # and no click
        lab.wait_until_ready(page, timeout=PATIENCE * 1000)
        expect(page.get_by_text(EDIT).first).to_be_visible(timeout=PATIENCE * 1000)
    assert hub.server(IN_BROWSER).pid != server.pid


def test_a_login_starts_a_killed_server_with_what_was_saved(hub):
    student = Student(hub, NAMES[-1])
    student.log_in()
    content = student.read(CHAPTER)
    content["cells"].insert(0, nbformat.v4.new_code_cell(EDIT))
    student.save(CHAPTER, content)
    kill(hub.server(student.name))
    hub.wait_until_it_misses(student.name)

    again = Student(hub, student.name)
    again.log_in()
    with again.open(CHAPTER) as notebook:
        assert notebook.cells[0] == EDIT
        assert notebook.run("print(1 + 1)") == "2\n"


# --- the notebooks a student finds ------------------------------------------------------------------------------------


def test_a_student_finds_every_chapter_and_the_pages_they_link_to(tmp_path):
    lay_out(ROOT / "book", tmp_path / "own")
    copies = {path.relative_to(tmp_path / "own").as_posix() for path in (tmp_path / "own").rglob("*") if path.is_file()}
    assert {f"{name}.ipynb" for name in CHAPTERS} <= copies and "appendix/notation.md" in copies
    assert not [name for name in copies if re.search(r"(^|/)[._]", name)]  # hidden, or not for readers
    assert (tmp_path / "own").stat().st_mode & 0o777 == 0o700


def test_what_a_student_changed_is_never_overwritten(tmp_path):
    course, own = tmp_path / "course", tmp_path / "own"
    (course / "part").mkdir(parents=True)
    for name in "changed", "deleted":
        (course / "part" / f"{name}.ipynb").write_text("the course's")
    lay_out(course, own)
    (own / "part" / "changed.ipynb").write_text("the student's")
    (own / "part" / "deleted.ipynb").unlink()
    (course / "part" / "new.ipynb").write_text("the course's")
    lay_out(course, own)
    found = {path.stem: path.read_text() for path in (own / "part").iterdir()}
    assert found == {"changed": "the student's", "deleted": "the course's", "new": "the course's"}


# --- on Kubernetes ----------------------------------------------------------------------------------------------------


def test_the_values_for_kubernetes_are_keys_that_the_chart_knows():
    values = yaml.safe_load((ROOT / "hub" / "zero-to-jupyterhub.yaml").read_text())
    assert {"hub", "singleuser", "cull"} <= values.keys()
    assert not unknown(values, CHART)
    assert unknown({"singleuser": {"memory": {"limits": "1G"}}}, CHART) == ["singleuser.memory.limits"]


def test_kubernetes_gives_a_student_what_the_chapter_takes():
    student = yaml.safe_load((ROOT / "hub" / "zero-to-jupyterhub.yaml").read_text())["singleuser"]
    assert MEMORY <= size(student["memory"]["guarantee"]) <= size(student["memory"]["limit"])
    assert 0 < student["cpu"]["guarantee"] <= student["cpu"]["limit"]
    assert (ROOT / Path(student["cmd"][1]).relative_to("/srv/course")).is_file()


def unknown(values, keys, path=""):
    """The paths of the values that the chart does not know."""
    paths = [path + key for key in values if key not in keys]
    for key in values.keys() & keys.keys():
        if keys[key]:
            paths += unknown(values[key], keys[key], f"{path}{key}.")
    return paths


def size(text):
    number, unit = re.fullmatch(r"([\d.]+)([MG])", text).groups()
    return float(number) * {"M": 2**20, "G": 2**30}[unit]
