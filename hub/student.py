"""A student's server: lay out the course's notebooks in a folder of the student's own, then become JupyterLab.

The hub starts this as the student, never as root: so nothing is written where the student could not write.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

COURSE = Path(__file__).resolve().parents[1] / "book"
FOLDER = "probability-in-deep-learning"  # in the student's home


def lay_out(course, folder):
    """Copy every notebook and page that the folder lacks; what is there stays as it is.

    So a student who deletes or renames a chapter finds a fresh one at the next start. Nobody else can enter the folder.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for page in sorted([*course.rglob("*.ipynb"), *course.rglob("*.md")]):
        name = page.relative_to(course)
        copy = folder / name
        if not copy.exists() and not any(part.startswith((".", "_")) for part in name.parts):
            copy.parent.mkdir(parents=True, exist_ok=True)
            unfinished = copy.with_name(f".{copy.name}.unfinished")  # a start that is cut off leaves no half a chapter
            shutil.copyfile(page, unfinished)
            unfinished.replace(copy)


if __name__ == "__main__":
    folder = Path.home() / FOLDER
    lay_out(COURSE, folder)
    # Kernels listen on files, not on ports: of a hundred ports that a class takes at once, two are sometimes the same,
    # and a kernel dies. The files' names must be short, and no other student may open them.
    os.environ["JUPYTER_RUNTIME_DIR"] = tempfile.mkdtemp(prefix="jupyter-")
    options = [f"--ServerApp.root_dir={folder}", "--KernelManager.transport=ipc"]
    os.execv(sys.executable, [sys.executable, "-m", "jupyterhub.singleuser", *options, *sys.argv[1:]])
