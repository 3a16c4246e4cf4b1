"""A student's server: lay out the course's notebooks in a folder of the student's own, then become JupyterLab.

The hub starts this as the student, never as root: so nothing is written where the student could not write.
"""

import os
import shutil
import sys
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
    server = [sys.executable, "-m", "jupyterhub.singleuser", f"--ServerApp.root_dir={folder}", *sys.argv[1:]]
    os.execv(sys.executable, server)
