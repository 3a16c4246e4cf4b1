"""JupyterLab as `make live` and `make lecture` start it: with the style sheet beside this file."""

from pathlib import Path

c = get_config()  # noqa: F821, given by the server that reads this file
c.LabApp.custom_css = True
c.ServerApp.tornado_settings = {"static_custom_path": [str(Path(__file__).parent)]}
