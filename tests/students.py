"""A class on the course's JupyterHub: the hub as configured, and students who ask of it what JupyterLab asks.

    with open_hub(["ada", "emmy"]) as hub:
        ada = Student(hub, "ada")
        ada.log_in()
        with ada.open("gumbel/concrete.ipynb") as notebook:
            notebook.run_all()
            notebook.move_a_slider()

The tests bring accounts that only the hub's own process knows: no account is made on the machine.
"""

import itertools
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import lab
import psutil
import requests
import websocket
from jupyter_client.jsonutil import json_default
from jupyter_client.session import Session

ROOT = Path(__file__).parents[1]
FOLDER = "probability-in-deep-learning"
FIRST_ACCOUNT = 400_000  # far from the numbers that systems give
PATIENCE = 300  # seconds; only a failure waits so long

CONFIG = """
import pwd

load_subconfig({plain!r})
accounts = {accounts!r}
pwd.getpwnam = lambda name: pwd.struct_passwd((name, "x", *accounts[name], "", {homes!r} + "/" + name, "/bin/sh"))
c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = {password!r}
c.JupyterHub.port = {port}
c.JupyterHub.hub_port = {hub_port}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_port}"
c.JupyterHub.services.append({{"name": "tests", "api_token": {token!r}}})
c.JupyterHub.load_roles.append({{
    "name": "tests", "services": ["tests"], "scopes": ["read:users", "read:servers", "admin:server_state"]
}})
c.Spawner.args.extend({options!r})
"""


@dataclass
class Hub:
    address: str  # ends with a slash
    password: str  # of all students
    token: str  # of the tests, to ask the hub about its servers
    homes: Path
    separate: bool  # whether each student has an account of their own
    pid: int
    log: list

    def server(self, name):
        """The process of a student's server."""
        return psutil.Process(self._servers(name)[""]["state"]["pid"])

    def wait_until_it_misses(self, name):
        """Until the hub has seen that a student's server is gone."""
        deadline = time.monotonic() + PATIENCE
        while self._servers(name):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the hub still takes the server of {name} for running after {PATIENCE} seconds")

    def _servers(self, name):
        headers = {"Authorization": f"token {self.token}"}
        answer = requests.get(f"{self.address}hub/api/users/{name}", headers=headers, timeout=PATIENCE)
        answer.raise_for_status()
        return answer.json()["servers"]


@contextmanager
def open_hub(names):
    """The hub of hub/jupyterhub_config.py on a free port of this machine, with an invented account for each name."""
    separate = can_start_strangers()
    with tempfile.TemporaryDirectory(prefix="hub-") as folder:
        folder = Path(folder)
        folder.chmod(0o711)
        homes = folder / "homes"
        accounts = {}
        for number, name in enumerate(names, FIRST_ACCOUNT):
            accounts[name] = (number, number) if separate else (os.getuid(), os.getgid())
            (homes / name).mkdir(parents=True)
            os.chown(homes / name, *accounts[name])
        options = ["--LabApp.expose_app_in_browser=True"]  # for `lab.run_all`
        if not separate and os.getuid() == 0:
            options.append("--allow-root")  # the plain hub refuses
        password, token = secrets.token_hex(), secrets.token_hex()
        port, hub_port, proxy_port = lab.free_ports(3)
        config = folder / "config.py"
        config.touch(mode=0o600)
        config.write_text(
            CONFIG.format(
                plain=str(ROOT / "hub" / "jupyterhub_config.py"),
                accounts=accounts,
                homes=str(homes),
                password=password,
                token=token,
                port=port,
                hub_port=hub_port,
                proxy_port=proxy_port,
                options=options,
            )
        )
        environment = os.environ | {"COURSE_HUB_DATA": str(folder / "data")}
        hub = lab.start([sys.executable, "-m", "jupyterhub", "-f", config], cwd=folder, env=environment)
        try:
            _, log = lab.wait_for(hub, "JupyterHub is now running")
            threading.Thread(target=log.extend, args=[hub.stderr], daemon=True).start()
            yield Hub(f"http://127.0.0.1:{port}/", password, token, homes, separate, hub.pid, log)
        finally:
            family = psutil.Process(hub.pid).children(recursive=True)
            hub.terminate()  # it ends the students' servers and the proxy, too
            with suppress(subprocess.TimeoutExpired):
                hub.wait(timeout=60)
            for process in [hub, *family]:
                kill(process)
            hub.wait()


def can_start_strangers():
    """Whether servers can run under accounts of their own: root starts them, if others may run its Python."""
    if os.geteuid() != 0:
        return False
    command = [sys.executable, "-c", "import jupyterhub, lib"]
    account = {"user": FIRST_ACCOUNT, "group": FIRST_ACCOUNT, "extra_groups": []}
    try:
        return subprocess.run(command, cwd="/", stderr=subprocess.DEVNULL, **account).returncode == 0
    except PermissionError:
        return False


def kill(process):
    """End a process of the tests without a warning to it, if it is still there."""
    with suppress(psutil.NoSuchProcess, ProcessLookupError):
        process.send_signal(signal.SIGKILL)


class Student:
    """A student's browser, but for its screen: cookies, and what JupyterLab asks of the hub and of the server."""

    def __init__(self, hub, name):
        self.hub, self.name = hub, name
        self.server = f"user/{name}/"
        self.http = requests.Session()

    def log_in(self):
        """By the hub's own form, which starts the server; to the moment that JupyterLab's page is there."""
        self.ask("GET", "hub/login")
        form = {"username": self.name, "password": self.hub.password}
        self.ask("POST", "hub/login?next=%2Fhub%2Fspawn", data=form)
        with self.ask("GET", f"hub/api/users/{self.name}/server/progress", stream=True) as progress:
            lines = [line for line in progress.iter_lines(decode_unicode=True) if line.startswith("data: ")]
        last = json.loads(lines[-1].removeprefix("data: "))
        if not last.get("ready"):
            raise RuntimeError(f"the server of {self.name} did not start: {last}\n{''.join(self.hub.log[-50:])}")
        self.ask("GET", f"{self.server}lab")  # which takes the server's cookie from the hub

    def answer(self, method, path, **options):
        """The hub's or the server's answer, whatever it is. The token that is to come back with every request is the
        cookie _xsrf of the path."""
        part = self.server if path.startswith(self.server) else "hub/"
        token = self.http.cookies.get("_xsrf", path=f"/{part}")
        options.setdefault("headers", {"X-XSRFToken": token} if token else {})
        return self.http.request(method, self.hub.address + path, timeout=PATIENCE, **options)

    def ask(self, method, path, **options):
        """The answer, which must be a good one."""
        answer = self.answer(method, path, **options)
        if not answer.ok:
            raise RuntimeError(f"{self.name}: {method} {path} was answered by {answer.status_code} {answer.text[:500]}")
        return answer

    def read(self, path):
        return self.ask("GET", f"{self.server}api/contents/{path}").json()["content"]

    def save(self, path, content):
        body = {"type": "notebook", "format": "json", "content": content}
        self.ask("PUT", f"{self.server}api/contents/{path}", json=body)

    @contextmanager
    def open(self, path):
        """A notebook with a kernel of its own, which ends with it."""
        content = self.read(path)
        kind = {"path": path, "name": path, "type": "notebook", "kernel": {"name": "python3"}}
        session = self.ask("POST", f"{self.server}api/sessions", json=kind).json()
        channels = self.connect(f"{self.server}api/kernels/{session['kernel']['id']}")
        try:
            yield Notebook(content, channels)
        finally:
            channels.close()
            self.ask("DELETE", f"{self.server}api/sessions/{session['id']}")


    def connect(self, kernel):
        """The WebSocket of a kernel's channels, asked for with the cookies that a browser would send there."""
        cookies = self.answer("GET", kernel).request.headers.get("Cookie")
        token = self.http.cookies.get("_xsrf", path=f"/{self.server}")
        address = f"{self.hub.address}{kernel}/channels?_xsrf={token}".replace("http:", "ws:", 1)
        return websocket.create_connection(address, timeout=PATIENCE, cookie=cookies)


class Notebook:
    """A notebook on its kernel's channels, with the state of every widget the kernel opened."""

    def __init__(self, content, channels):
        self.cells = [cell["source"] for cell in content["cells"] if cell["cell_type"] == "code"]
        self.channels = channels
        self.session = Session(key=b"")
        self.widgets = {}  # state by model id
        self.explorables = []  # model ids, in the order shown

    def run_all(self):
        for cell in self.cells:
            self.run(cell)

    def run(self, code):
        """Run a cell to its end; returns what it printed, raises what the kernel raised."""
        request = self._send("execute_request", {"code": code, "stop_on_error": False})
        printed, ends = "", set()
        while not {"execute_reply", "idle"} <= ends:
            kind, content, parent = self._receive()
            if parent != request:
                continue
            match kind, content:
                case "stream", {"text": text}:
                    printed += text
                case "error", _:
                    raise RuntimeError(f"{content['ename']}: {content['evalue']}\nin the cell\n{code}")
                case ("display_data" | "execute_result"), {"data": {"application/vnd.jupyter.widget-view+json": view}}:
                    self.explorables.append(view["model_id"])
                case "execute_reply", {"status": "ok" | "error"}:
                    ends.add(kind)
                case "execute_reply", _:
                    raise RuntimeError(f"the kernel answered {content}\nto the cell\n{code}")
                case "status", {"execution_state": "idle"}:
                    ends.add("idle")
        return printed

    def move_a_slider(self):
        """Move the first control of the last explorable by one position; returns the pictures before and after."""
        *controls, picture = self._children(self.explorables[-1])
        slider = next(model for model in self._all(controls) if "_options_labels" in self.widgets[model])
        state, before = self.widgets[slider], self.widgets[picture]["value"]
        index = (state["index"] + 1) % len(state["_options_labels"])
        data = {"method": "update", "state": {"index": index}, "buffer_paths": []}
        self._send("comm_msg", {"comm_id": slider, "data": data})
        while self.widgets[picture]["value"] == before:
            self._receive()
        return before, self.widgets[picture]["value"]

    def _children(self, model):
        return [child.removeprefix("IPY_MODEL_") for child in self.widgets[model].get("children", [])]

    def _all(self, models):
        """The models and all that is inside them."""
        return itertools.chain.from_iterable([model, *self._all(self._children(model))] for model in models)

    def _send(self, kind, content):
        message = self.session.msg(kind, content) | {"channel": "shell", "buffers": []}
        self.channels.send(json.dumps(message, default=json_default))
        return message["header"]["msg_id"]

    def _receive(self):
        """The next message: its kind, its content, the request it belongs to; widgets' states are kept up to date."""
        message = json.loads(self.channels.recv())
        kind, content = message["msg_type"], message["content"]
        if kind == "comm_open" and content["target_name"] == "jupyter.widget":
            self.widgets[content["comm_id"]] = content["data"]["state"]
        elif kind == "comm_msg" and content["data"]["method"] == "update":
            self.widgets[content["comm_id"]].update(content["data"]["state"])
        return kind, content, message["parent_header"].get("msg_id")


def usage(process):
    """(bytes of memory, seconds of CPU) of a process and all it started that still run.

    The memory is the proportional set size: a page that n processes share counts one n-th for each.
    """
    family = [process, *process.children(recursive=True)]
    times = [one.cpu_times() for one in family]
    return sum(one.memory_full_info().pss for one in family), sum(time.user + time.system for time in times)
