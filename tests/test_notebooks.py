"""The form of the chapters, what they cover, and every state of their widgets.

cells     Each has an id of its own and `slideshow.slide_type` slide, subslide, fragment, skip or notes. Slide cells
          (the first three) hold plain Markdown and math, and so do notes: no MyST directive, role or target. Reading
          cells are skip.
tags      setup · S01 to S53 and E01 to E43 (the slides and errata of book/slides.yml) · check · widget · exercise ·
          solution · quiz · hide-input · hide-cell · remove-input · hide-output · remove-cell, which keeps the
          lecturer's notes and the exercise of a lecture, and nothing else, off the page
notes     Directly after each slide and subslide, and nowhere else: **Say.**, **Ask.** with its answer, **Time.**
check     A code cell that asserts, and prints what was compared and how close it came.
widget    A code cell that ends with its one call of `explore`, on a function of the chapter's module in lib/figures;
          its controls name three to five frames to print, or all if there are fewer.
exercise  Markdown, or a code cell that calls `check("chapter/exercise", …)` with `...` for an answer. A `solution` cell
          with the same name follows, folded by hide-cell or hide-input, which checks the answer and stores its ✓.
code      At most 14 lines of at most 120 characters.
stored    Notebook metadata: the kernel. Cell metadata: tags, slideshow, mystnb, jupyter. Outputs: what was printed, and
          results as text/plain and text/html; no error, nothing on stderr. Every code cell has run: 1, 2, … in order.
chapter   The level-2 headings below, each once; three widgets, three exercises and a quiz at least. Its file is called
          as its modules in lib/figures and lib/exercises are.
coverage  For each slide of the chapter a Markdown cell with the slide's tag and, where slides.yml says `run`, a check
          or a widget with it. For each erratum a check with its tag.
"""

import ast
import copy
import json
import os
import re
import shutil
import subprocess
import sys
from itertools import product

import colours
import nbformat
import pytest
import store_outputs
import yaml
from chapters import BOOK, CHAPTERS, NOTEBOOKS, ROOT, calls, cells, checked, headings, printed, read, shown
from chapters import table_of_contents as toc
from playback import Frame
from test_equal import page_of

import lib.explore
from lib.figures import style

SLIDES = yaml.safe_load((BOOK / "slides.yml").read_text())
ON_SLIDES = {"slide", "subslide", "fragment"}
TAGS = {"setup", "check", "widget", "exercise", "solution", "quiz"}
TAGS |= {"hide-input", "hide-cell", "remove-input", "hide-output", "remove-cell"}
CODE_ONLY = {"setup", "check", "widget", "solution", "quiz"}
HEADINGS = ["What you will be able to do", "What you need", "Exercises", "Common mistakes", "Summary", "Papers"]
# What begins a MyST directive, or is a role, a target or a comment.
MYST = re.compile(r"^\s*(`{3,}|~{3,}|:{3,})\s*\{|^\s*:{3,}|\{[a-zA-Z][\w:+.-]*\}`|^\([^()\s]+\)=\s*$|^%|^\+\+\+", re.M)

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS.values(), ids=NOTEBOOKS.keys())
each_chapter = pytest.mark.parametrize("path", CHAPTERS.values(), ids=CHAPTERS.keys())


def tags(cell):
    return set(cell.metadata.get("tags", []))


def on(cell):
    return cell.metadata.get("slideshow", {}).get("slide_type")


def where(cell):
    return f"{cell.id} ({cell.source.splitlines()[0][:60] if cell.source else 'empty'})"


def none(found):
    offenders = [where(cell) for cell in found]
    assert not offenders, "\n".join(offenders)


def has_dots(cell):
    return any(isinstance(node, ast.Constant) and node.value is ... for node in ast.walk(ast.parse(cell.source)))


# --- cells and tags -------------------------------------------------------------------------------------------------


@each_notebook
def test_every_cell_has_an_id_of_its_own(path):
    stored = json.loads(path.read_text())  # nbformat would make up the ids that are missing
    assert (stored["nbformat"], stored["nbformat_minor"]) == (4, 5)
    names = [cell.get("id") for cell in stored["cells"]]
    assert names and all(names) and len(set(names)) == len(names)
    nbformat.validate(stored)


@each_notebook
def test_every_cell_says_whether_it_is_on_slides(path):
    kinds = ON_SLIDES | {"skip", "notes"}
    none(c for c in cells(path) if on(c) not in kinds)


@each_notebook
def test_slide_cells_are_plain_markdown(path):
    on_slides = [c for c in cells(path, "markdown") if on(c) in ON_SLIDES | {"notes"}]
    none(c for c in on_slides if MYST.search(c.source))


@pytest.mark.parametrize(
    "text",
    ["```{note}\nx\n```", ":::{admonition} x\n:::", ":::", "see {cite}`x`", "{eq}`a:b`", "(a-label)=", "% no", "+++"],
)
def test_myst_is_recognised(text):
    assert MYST.search(f"Before.\n\n{text}\n\nAfter.")


@pytest.mark.parametrize(
    "text",
    ["$x_{i}$ `code`", r"$\mathrm{KL}$`x`", "```python\n{1: 2}\n```", r"\eqref{a}", "50 % of", "f(x)=1", "a: b :: c"],
)
def test_plain_markdown_is_not_taken_for_myst(text):
    assert not MYST.search(f"Before.\n\n{text}\n\nAfter.".replace(r"\mathrm{KL}$`x`", r"\mathrm{KL}$ `x`"))


@each_notebook
def test_every_tag_is_known_and_on_the_right_kind_of_cell(path):
    used = {tag for cell in cells(path) for tag in tags(cell)}
    assert sorted(used - TAGS - set(SLIDES)) == []
    none(c for c in cells(path) if len(c.metadata.get("tags", [])) != len(tags(c)))
    none(c for c in cells(path) if c.cell_type != "code" and tags(c) & CODE_ONLY)
    none(c for c in cells(path) if len(tags(c) & (CODE_ONLY | {"exercise"})) > 1)
    none(c for c in cells(path) if c.cell_type not in ("code", "markdown"))


@each_notebook
def test_what_is_for_the_lecture_and_nothing_else_is_kept_off_the_page(path):
    for_the_lecture = {cell.id for cell in cells(path) if on(cell) == "notes" or cell.id == "exercises-in-class"}
    assert {cell.id for cell in cells(path) if "remove-cell" in tags(cell)} == for_the_lecture


NOTE = re.compile(
    r"\*\*Say\.\*\* .+\n\n\*\*Ask\.\*\* .+\(Answer: .+\)\n\n\*\*Time\.\*\* (1 minute|\d+ minutes)\.", re.S
)


@each_chapter
def test_every_slide_has_its_note(path):
    notes = {f"{cell.id}-notes" for cell in cells(path) if on(cell) in ("slide", "subslide")}
    pairs = zip(cells(path), cells(path)[1:], strict=False)
    assert notes == {note.id for slide, note in pairs if on(note) == "notes" and note.id == f"{slide.id}-notes"}
    assert len(notes) == sum(on(cell) == "notes" for cell in cells(path))
    none(c for c in cells(path) if on(c) == "notes" and not NOTE.fullmatch(c.source))
    none(c for c in cells(path) if on(c) == "notes" and c.metadata.get("jupyter") != {"source_hidden": True})


@each_notebook
def test_code_cells_are_short(path):
    code = cells(path, "code")
    none(c for c in code if not 1 <= len(c.source.splitlines()) <= 14)
    none(c for c in code if max(map(len, c.source.splitlines()), default=0) > 120)


@each_notebook
def test_checks_assert_and_say_what_came_out(path):
    checks = cells(path, "code", "check")
    none(c for c in checks if not any(isinstance(n, ast.Assert) for n in ast.walk(ast.parse(c.source))))
    none(c for c in checks if not printed(c).strip())


@each_notebook
def test_widgets_end_with_their_call_of_explore_and_store_its_sentence(path):
    for cell in cells(path, "code"):
        called = calls(cell, "explore")
        assert bool(called) == ("widget" in tags(cell)), where(cell)
        if called:
            last = ast.parse(cell.source).body[-1]
            assert len(called) == 1 and isinstance(last, ast.Expr) and ast.dump(last.value) == ast.dump(called[0])
            [output] = cell.outputs
            assert set(output.data) == {"text/plain"} and output.data["text/plain"].strip(), where(cell)


@each_notebook
def test_exercises_wait_for_an_answer_and_a_solution_follows(path):
    code = cells(path, "code")
    for cell in code:
        assert bool(calls(cell, "check")) == bool(tags(cell) & {"exercise", "solution"}), where(cell)
        assert len(calls(cell, "check")) <= 1, where(cell)
    for i, cell in enumerate(code):
        if "exercise" in tags(cell):
            assert has_dots(cell) and "no answer yet" in "".join(shown(cell)), where(cell)
            solutions = [c for c in code[i + 1 :] if "solution" in tags(c) and checked(c) == checked(cell)]
            assert len(solutions) == 1, where(cell)
    for cell in cells(path, "code", "solution"):
        assert tags(cell) & {"hide-cell", "hide-input"} and not has_dots(cell), where(cell)
        assert [text[:1] for text in shown(cell)] == ["✓"], where(cell)
        assert any(checked(c) == checked(cell) for c in cells(path, "code", "exercise")), where(cell)


# --- what is stored -------------------------------------------------------------------------------------------------


@each_notebook
def test_the_notebook_is_stored_stripped(path):
    notebook = read(path)
    assert store_outputs.strip(copy.deepcopy(notebook)) == notebook, f"run: python -m tests.store_outputs {path}"


@each_notebook
def test_only_expected_metadata_and_outputs_are_stored(path):
    notebook = json.loads(path.read_text())
    assert set(notebook["metadata"]) == {"kernelspec"}
    for cell in notebook["cells"]:
        assert set(cell["metadata"]) <= {"tags", "slideshow", "mystnb", "jupyter"}, cell["id"]
        assert "attachments" not in cell, cell["id"]
        for output in cell.get("outputs", []):
            kind = output["output_type"]
            assert kind in {"stream", "execute_result", "display_data"}, cell["id"]
            if kind == "stream":
                assert output["name"] == "stdout", cell["id"]
            else:
                assert output["data"] and set(output["data"]) <= {"text/plain", "text/html"}, cell["id"]
                assert output["metadata"] == {}, cell["id"]


@each_notebook
def test_every_code_cell_has_run_in_order(path):
    counts = [cell.execution_count for cell in cells(path, "code")]
    assert counts == list(range(1, len(counts) + 1)), f"run: python -m tests.store_outputs {path}"


@each_notebook
def test_what_is_printed_is_stored_in_one_piece(path):
    none(c for c in cells(path, "code") if sum(o.output_type == "stream" for o in c.outputs) > 1)


@each_chapter
def test_there_is_something_for_nbval_to_compare(path):
    compared = [c for c in cells(path, "code") if c.execution_count and (printed(c).strip() or shown(c))]
    checks = cells(path, "code", "check")
    assert checks
    assert len(compared) >= len(checks)
    none(c for c in checks if c not in compared)


def made(*outputs, **metadata):
    cell = nbformat.v4.new_code_cell("1", metadata=metadata, execution_count=1)
    cell.outputs = [nbformat.v4.new_output(kind, **fields) for kind, fields in outputs]
    notebook = nbformat.v4.new_notebook(cells=[cell, nbformat.v4.new_markdown_cell("Text", metadata=metadata)])
    notebook.metadata.update(widgets={"state": 1}, language_info={"name": "python"}, kernelspec={"name": "other"})
    return notebook


def test_strip_keeps_text_counts_and_tags_and_nothing_else():
    notebook = made(
        ("stream", {"text": "one line\n"}),
        ("execute_result", {"data": {"text/plain": "a", "image/png": "b", "text/html": "c"}, "execution_count": 1}),
        ("display_data", {"data": {"application/vnd.jupyter.widget-view+json": {}, "text/plain": "d"},
                          "metadata": {"needs_background": "light"}}),  # fmt: skip
        tags=["check"], slideshow={"slide_type": "skip"}, collapsed=False, ExecuteTime={"end": 1},
    )  # fmt: skip
    code, text = store_outputs.strip(notebook).cells
    assert set(notebook.metadata) == {"kernelspec"} and notebook.metadata["kernelspec"]["name"] == "python3"
    assert code.metadata == text.metadata == {"slideshow": {"slide_type": "skip"}, "tags": ["check"]}
    assert code.execution_count == 1
    assert code.outputs[0].text == "one line\n"
    assert [output.data for output in code.outputs[1:]] == [{"text/plain": "a", "text/html": "c"}, {"text/plain": "d"}]
    assert [output.metadata for output in code.outputs[1:]] == [{}, {}]
    again = store_outputs.strip(copy.deepcopy(notebook))
    assert again == notebook


# --- a chapter ------------------------------------------------------------------------------------------------------


def test_everything_in_the_table_of_contents_exists_and_every_notebook_is_in_it():
    missing = [entry for entry in toc() if not any((ROOT / f"{entry}{kind}").exists() for kind in (".ipynb", ".md"))]
    assert not missing
    assert len(set(toc())) == len(toc())
    assert CHAPTERS and {f"book/{key}" for key in NOTEBOOKS} <= set(toc())


def test_chapters_come_in_the_order_of_their_slides():
    order = list(dict.fromkeys(entry["chapter"] for entry in SLIDES.values())) + BEYOND_THE_SLIDES
    found = [entry.removeprefix("book/") for entry in toc() if entry.removeprefix("book/") in CHAPTERS]
    assert set(found) <= set(order), "slides.yml assigns nothing to a chapter"
    assert found == sorted(found, key=order.index)


@each_chapter
def test_a_chapter_has_its_parts(path):
    found = headings(path, 2)
    assert [heading for heading in HEADINGS if found.count(heading) != 1] == []
    assert len(headings(path, 1)) == 1 and cells(path)[0].source.startswith("# ")
    assert len(cells(path, "code", "widget")) >= 3
    assert len({name for cell in cells(path, "code", "exercise") for name in checked(cell)}) >= 3
    assert len(cells(path, "code", "quiz")) >= 1


@each_chapter
def test_a_chapter_is_called_the_same_everywhere(path):
    for folder in ("figures", "exercises"):
        assert (ROOT / "lib" / folder / f"{path.stem}.py").is_file()
    names = [name for cell in cells(path, "code") for name in checked(cell)]
    assert {name.split("/")[0] for name in names} == {path.stem}


# --- coverage -------------------------------------------------------------------------------------------------------

PARTS = {
    "nce/likelihoods": (1, 4),
    "nce/softmax": (5, 5),
    "nce/nce": (6, 12),
    "nce/negative_sampling": (13, 14),
    "nce/unnormalised": (15, 18),
    "nce/functional_derivatives": (19, 22),
    "reparameterization/reinforce": (23, 25),
    "reparameterization/reparameterization": (26, 28),
    "reparameterization/simple_example": (29, 32),
    "reparameterization/elbo": (33, 34),
    "reparameterization/vae": (35, 40),
    "reparameterization/kl": (41, 43),
    "reparameterization/amortised": (44, 44),
    "gumbel/gumbel_max": (45, 50),
    "gumbel/sampling_gumbels": (51, 51),
    "gumbel/concrete": (52, 53),
}
BEYOND_THE_SLIDES = ["gumbel/discrete_vae"]  # the last chapter, where the parts of the course meet


def test_every_slide_and_erratum_is_named_once():
    names = re.findall(r"^([^\s#]+):", (BOOK / "slides.yml").read_text(), re.M)  # yaml keeps the last of two equal keys
    assert names == [f"S{i:02}" for i in range(1, 54)] + [f"E{i:02}" for i in range(1, 44)]
    assert list(SLIDES) == names
    titles = [entry["title"] for entry in SLIDES.values()]
    assert len(set(titles)) == len(titles) and all(title.strip() and len(title) <= 120 for title in titles)


def test_every_slide_has_its_chapter():
    slides = {key: entry for key, entry in SLIDES.items() if key.startswith("S")}
    for key, entry in slides.items():
        first, last = PARTS[entry["chapter"]]
        assert first <= int(key[1:]) <= last, key
        assert entry.keys() <= {"title", "chapter", "run"} and entry.get("run", True) is True, key
    assert any("run" in entry for entry in slides.values()) and any("run" not in entry for entry in slides.values())


def test_the_chapters_are_those_of_the_slides_and_one_beyond():
    assert set(CHAPTERS) == {*PARTS, *BEYOND_THE_SLIDES}


def test_every_erratum_names_its_slides_its_chapter_and_what_is_right():
    for key, entry in SLIDES.items():
        if key.startswith("E"):
            assert entry.keys() == {"title", "chapter", "slides", "kind", "printed", "right"}, key
            assert entry["kind"] in {"wrong", "gap", "notation"} and entry["printed"].strip() and entry["right"].strip()
            assert entry["chapter"] in PARTS, key
            assert entry["slides"] and entry["slides"] == sorted(set(entry["slides"])), key
            assert all(slide in SLIDES and slide.startswith("S") for slide in entry["slides"]), key


@pytest.mark.parametrize("key", [key for key in SLIDES if key.startswith("S")])
def test_a_slide_is_taught_and_where_it_can_be_run_it_is(key):
    path = CHAPTERS[SLIDES[key]["chapter"]]
    assert cells(path, "markdown", key), f"no Markdown cell of {path.name} has the tag {key}"
    ran = [cell for cell in cells(path, "code", key) if tags(cell) & {"check", "widget"}]
    assert ran or not SLIDES[key].get("run"), f"no check or widget of {path.name} has the tag {key}"


@pytest.mark.parametrize("key", [key for key in SLIDES if key.startswith("E")])
def test_an_erratum_is_shown_by_a_check(key):
    path = CHAPTERS[SLIDES[key]["chapter"]]
    assert [cell for cell in cells(path, "code", key) if "check" in tags(cell)], f"no check of {path.name} has {key}"


# --- widgets --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("files")
@each_chapter
def test_every_state_of_every_widget(path, monkeypatch):
    """Runs the chapter, and looks at all frames that its page holds: each control must change picture and caption, the
    printed frames must be few and differ, and the page must not be heavy. (That each state draws and says something
    finite, `frame` saw to while the page was built; that a kernel draws the same, test_equal.py does.)"""
    recorded = run(path, monkeypatch)
    page = page_of(path.relative_to(BOOK).with_suffix(""))
    problems, weights = [], []
    for (function, controls), widget in zip(recorded, page, strict=True):
        name, frames = function.__name__, {at: model["state"]["value"] for at, model in widget.walk()}
        assert list(frames) == list(product(*(range(len(control.values)) for control in controls.values()))), name
        images = {at: re.search(r'src="([^"]+)"', html)[1] for at, html in frames.items()}
        captions = {at: Frame(html).caption for at, html in frames.items()}
        weights.append(sum(len(html.encode()) for html in frames.values()))
        printed = lib.explore.on_paper(controls)
        if not min(3, len(frames)) <= len(printed) <= 5:
            problems.append(f"{name}: {len(printed)} of {len(frames)} frames are printed, not three to five")
        for what, parts in (("picture", images), ("caption", captions)):
            still = [key for axis, key in enumerate(controls) if not moves(parts, axis)]
            problems += [f"{name}: {key} changes no {what}" for key in still]
            if len({parts[at] for at in printed}) < len(printed):
                problems.append(f"{name}: two printed frames have the same {what}")
        if weights[-1] > 1_000_000:
            problems.append(f"{name}: {weights[-1]:,} bytes")
        start = {key: control.values[control.start] for key, control in controls.items()}
        with style.context():
            figure, _ = function(**start)
        problems += [f"{name}: {problem}" for problem in colours.alone(figure) + colours.faint_text(figure)]
    if sum(weights) > 500_000 * len(weights):  # three widgets: 1.5 MB
        problems.append(f"the widgets of the chapter: {sum(weights):,} bytes, more than 500,000 each on average")
    assert not problems, "\n".join(problems)


def run(path, monkeypatch):
    """Run a chapter's code cells in order and return what they explore: pairs (function, controls).

    Each widget cell must explore one function of the chapter's own module of figures, and have stored its sentence.
    """
    explore, recorded = lib.explore.explore, []

    def recorder(function, /, **controls):
        widget = explore(function, **controls)
        recorded.append((function, controls, widget.sentence))
        return widget

    monkeypatch.delenv("COURSE_PRERENDER", raising=False)
    monkeypatch.chdir(path.parent)
    monkeypatch.setattr(lib.explore, "explore", recorder)
    namespace = {"__name__": "__main__"}
    for cell in cells(path, "code"):
        before = len(recorded)
        exec(compile(cell.source, where(cell), "exec"), namespace)
        sentences = [sentence for _, _, sentence in recorded[before:]]
        assert sentences == (shown(cell) if "widget" in tags(cell) else []), where(cell)
    modules = {function.__module__ for function, _, _ in recorded}
    assert modules == {f"lib.figures.{path.stem}"}
    return [(function, controls) for function, controls, _ in recorded]


def moves(parts, axis):
    """Whether some move along one axis, the other positions held, leads to something else."""
    rows = {}
    for at, part in parts.items():
        rows.setdefault(at[:axis] + at[axis + 1 :], set()).add(part)
    return any(len(row) > 1 for row in rows.values())


def test_moves_sees_a_control_that_does_nothing():
    parts = {(i, j): i for i in range(3) for j in range(2)}
    assert moves(parts, 0) and not moves(parts, 1)


# --- nbval catches a change -----------------------------------------------------------------------------------------

MADE = [
    "from lib import logspace\nfrom lib.explore import explore, grid\nfrom lib.figures import style",
    'p = logspace.softmax([1.0, 0.5, 0.0])\nassert p.sum() < 2\nprint("p is", p.round(3))',
    "p.round(3)",
    "def bars(shift):\n    figure, ax = style.figure()\n    p = logspace.softmax([1.0, shift])\n    ax.bar([0, 1], p)\n"
    '    return figure, f"The first has probability {p[0]:.3f}."\nexplore(bars, shift=grid(0, 1, 3))',
]
PLANTED = """
_right = softmax


def softmax(*arguments, **named):
    return 1.01 * _right(*arguments, **named)
"""


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """What nbval says of a made chapter: as it is, with 1 % planted in a copy of lib, with 1 % planted in an output."""
    folder = tmp_path_factory.mktemp("nbval")
    for kind in ("same", "planted"):
        shutil.copytree(ROOT / "lib", folder / kind / "lib", ignore=shutil.ignore_patterns("__pycache__"))
    module = folder / "planted" / "lib" / "logspace.py"
    module.write_text(module.read_text() + PLANTED)

    path = folder / "made.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in MADE]), path)
    store_outputs.main([path])
    stored = path.read_text()
    assert "0.506" in stored and "probability 0.622" in stored
    (folder / "edited.ipynb").write_text(stored.replace("0.506", "0.511", 1))

    started = {}
    for case, notebook, kind in [("same", "made", "same"), ("lib", "made", "planted"), ("output", "edited", "same")]:
        command = [sys.executable, "-m", "pytest", "--nbval", "-rA", "-p", "no:cacheprovider", f"{notebook}.ipynb"]
        environment = {**os.environ, "PYTHONPATH": str(folder / kind)}
        started[case] = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
    return {case: (process.communicate()[0], process.returncode) for case, process in started.items()}


def verdicts(text):
    """The verdict of each cell, from the summary of a run with -rA."""
    return {int(cell): verdict for verdict, cell in re.findall(r"^(PASSED|FAILED) \w+\.ipynb::Cell (\d+)", text, re.M)}


def test_nbval_passes_what_has_not_changed(compared):
    text, code = compared["same"]
    assert verdicts(text) == {0: "PASSED", 1: "PASSED", 2: "PASSED", 3: "PASSED"}, text
    assert code == 0


def test_nbval_catches_one_percent_in_lib(compared):
    text, code = compared["lib"]
    assert verdicts(text) == {0: "PASSED", 1: "FAILED", 2: "FAILED", 3: "FAILED"}, text
    assert code == 1


def test_nbval_catches_one_percent_in_a_stored_output(compared):
    text, code = compared["output"]
    assert verdicts(text) == {0: "PASSED", 1: "FAILED", 2: "PASSED", 3: "PASSED"}, text
    assert code == 1
