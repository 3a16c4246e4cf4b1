"""JupyterLab in a browser, as a reader runs a chapter.

    with serve_lab(folder, state) as lab, launch() as chromium, open_notebook(chromium, lab, "chapter.ipynb") as page:
        run_all(page)
"""

import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager
from pathlib import Path

import browser

SETTINGS = Path(__file__).parents[1] / "live"
FOLDERS = (
    "JUPYTER_CONFIG_DIR",
    "JUPYTER_DATA_DIR",
    "JUPYTER_RUNTIME_DIR",
    "JUPYTERLAB_SETTINGS_DIR",
    "JUPYTERLAB_WORKSPACES_DIR",
    "IPYTHONDIR",
)


@contextmanager
def serve_lab(folder, state, python=sys.executable, settings=SETTINGS):
    """JupyterLab with the notebooks of one folder, set up as by `make live`; what it writes of its own goes to `state`.

    gives: (its address, the token to open it with)
    """
    token = secrets.token_hex()
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": free_ports(1)[0],
        "ServerApp.root_dir": folder,
        "IdentityProvider.token": token,
        "LabApp.extension_manager": "readonly",  # which would ask PyPI for extensions
        "LabApp.expose_app_in_browser": True,  # for `run_all`
    }
    own = {name: f"{state}/{name}" for name in FOLDERS} | {"JUPYTER_CONFIG_PATH": str(settings)}
    environment = {name: value for name, value in os.environ.items() if name != "COURSE_PRERENDER"} | own
    command = [python, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    server = start(command + [f"--{name}={value}" for name, value in options.items()], env=environment)
    try:
        found, _ = wait_for(server, r"(http://127\.0\.0\.1:\d+/)lab\?token=")
        threading.Thread(target=server.stderr.read, daemon=True).start()  # a full pipe would stop the server
        yield found[1], token
    finally:
        server.terminate()  # it ends its kernels, too
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def start(command, **options):
    """A server as a process with a group of its own, which writes what happens to `stderr`."""
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, **streams, start_new_session=True, **options)


def wait_for(server, sign):
    """Read what a server writes until a line holds the sign: (the match, the lines so far)."""
    log = []
    for line in server.stderr:
        log.append(line)
        if found := re.search(sign, line):
            return found, log
    raise RuntimeError(f"{server.args} did not start:\n" + "".join(log))


@contextmanager
def open_notebook(chromium, lab, name, **size):
    """A notebook in JupyterLab, once its kernel is there: Playwright's page, which may ask no other address."""
    address, token = lab
    with browser.visit(chromium, address, f"lab/tree/{name}?reset&token={token}", **size) as (page, problems):
        wait_until_ready(page)
        yield page
        blocked = [problem for problem in problems if problem.startswith("blocked request")]
        assert not blocked, blocked


def wait_until_ready(page, timeout=120_000):
    """Until the notebook that is open has an idle kernel."""
    page.wait_for_function(
        """() => {
            const session = window.jupyterapp?.shell.currentWidget?.sessionContext;
            return session?.isReady && session.session?.kernel?.status === 'idle';
        }""",
        timeout=timeout,
    )


def run_all(page, timeout=300_000):
    """Run all cells, to the end of the last one."""
    page.evaluate("void jupyterapp.commands.execute('notebook:run-all-cells').then(() => window.ranAll = true)")
    page.wait_for_function("window.ranAll", timeout=timeout)


def end_kernel(page):
    """End the kernel of the notebook that is open; it would outlive the page."""
    page.evaluate("jupyterapp.shell.currentWidget.sessionContext.shutdown()")


def free_ports(count):
    """Ports of this machine that nobody listens on, all different."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
