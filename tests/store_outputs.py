"""Run chapters and store what nbval compares: `make outputs`, or for some of them

    python -m tests.store_outputs book/gumbel/concrete.ipynb

Kept are streams and text; images, widget views and widget state are dropped, and so is all metadata that a front end
adds.
"""

import sys
from pathlib import Path

import nbclient
import nbformat

ROOT = Path(__file__).resolve().parents[1]
CELL_METADATA = {"tags", "slideshow", "mystnb", "jupyter"}
TEXT = {"text/plain", "text/html"}


def chapters():
    return sorted(path for path in (ROOT / "book").rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)


def strip(notebook):
    """Drop in place what is not to be stored; execution counts stay, without which nbval compares nothing."""
    notebook.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    for cell in notebook.cells:
        cell.metadata = {key: cell.metadata[key] for key in sorted(CELL_METADATA & set(cell.metadata))}
        for output in cell.get("outputs", []):
            if "data" in output:
                output.metadata = {}
                output.data = {kind: value for kind, value in output.data.items() if kind in TEXT}
    return notebook


def main(paths):
    for path in paths:
        print(f"running {path} …", flush=True)
        notebook = nbformat.read(path, as_version=4)
        # in one piece: what is printed would otherwise be cut where the kernel happened to flush it
        options = {"timeout": 300, "coalesce_streams": True, "resources": {"metadata": {"path": path.parent}}}
        nbclient.NotebookClient(notebook, **options).execute()
        nbformat.write(strip(notebook), path)


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:]] or chapters())
