"""A JupyterHub for a class, on one machine: students log in, and each gets JupyterLab with the course's notebooks.

Try it alone: `make hub`, then log in as yourself, with the name and password of your account on this machine.

For a class it runs as root, on a machine that the class may have an account on (a server, or one rented for the term):

    make hub                   # installs all, where all accounts may read it and its Python, as in /opt; Ctrl-C stops
    adduser ada                # for each student, or let the university's accounts log in (PAM)
    COURSE_HUB_ADMINS=grace COURSE_HUB_DATA=/var/lib/course-hub .venv/bin/jupyterhub -f hub/jupyterhub_config.py \\
        --ip=0.0.0.0 --port=443 --ssl-key=KEY --ssl-cert=CERTIFICATE

    COURSE_HUB_ADMINS    names, with commas between, who may stop servers on the page /hub/admin; none by default
    COURSE_HUB_DATA      the folder of the hub's own records; `_build/hub` by default
    COURSE_HUB_MEMORY    what one process of a student may take, such as 1G, which is the default

Why as root, with an account for each student. A notebook is a program. A hub without root runs every student's
programs under the account that started it, where each can read all others' files, the hub's secrets and all that the
lecturer has. Only root can start each student's server as that student; then the machine keeps them apart, as it keeps
any two accounts apart. What it does not hide: which programs others run, and files that they let everybody read. The
hub refuses to run root's own notebooks, and without root it can start only your own.
"""

import os
import resource
import shutil
import sys
from pathlib import Path

from jupyterhub.spawner import LocalProcessSpawner

c = get_config()  # noqa: F821  JupyterHub brings it

HERE = Path(__file__).resolve().parent
COURSE = HERE.parent
DATA = Path(os.environ.get("COURSE_HUB_DATA", COURSE / "_build" / "hub")).absolute()
DATA.mkdir(mode=0o700, parents=True, exist_ok=True)

# --- who may come in --------------------------------------------------------------------------------------------------

# PAM asks the machine: whoever has an account and its password may come in. Where students have accounts at GitHub or
# at a university, OAuthenticator logs them in by those, and NativeAuthenticator keeps names and passwords of its own;
# for both, each name must be an account of this machine, too. The tests use one password that all students share.
c.JupyterHub.authenticator_class = "pam"
c.Authenticator.allow_all = True  # to narrow it: c.PAMAuthenticator.allowed_groups = {"students"}
c.Authenticator.admin_users = {name for name in os.environ.get("COURSE_HUB_ADMINS", "").split(",") if name}

# --- what a student gets ----------------------------------------------------------------------------------------------


class StudentSpawner(LocalProcessSpawner):
    """A process under the student's account, kinder to the others than it would be by itself."""

    def make_preexec_fn(self, name):
        become_the_student = super().make_preexec_fn(name)

        def prepare():
            os.nice(5)  # the hub and the proxy go first
            resource.setrlimit(resource.RLIMIT_DATA, (self.mem_limit, self.mem_limit))
            become_the_student()

        return prepare


c.JupyterHub.spawner_class = StudentSpawner
c.Spawner.cmd = [sys.executable, str(HERE / "student.py")]  # copies the notebooks, then starts JupyterLab
c.Spawner.default_url = "/lab"
c.Spawner.args = [
    "--LabApp.extension_manager=readonly",  # another would ask PyPI for extensions
    "--MappingKernelManager.kernel_info_timeout=300",  # how long a kernel may take to start; as below
]

# Memory: a cell that asks for more than this gets a MemoryError, and its kernel lives. It holds for each process, that
# is for each open notebook. CPU: numpy keeps to one core, so a student takes one core for each cell that runs, and the
# machine shares its cores fairly. Limits for all of a student's processes together take systemd's
# (jupyterhub-systemdspawner) or Kubernetes (zero-to-jupyterhub.yaml).
c.Spawner.mem_limit = os.environ.get("COURSE_HUB_MEMORY", "1G")
c.Spawner.environment = {
    "OPENBLAS_NUM_THREADS": "1",
    "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",  # so that `python` is the course's in a terminal
}

# When a whole class starts at once, the last one waits for its share of the cores: some minutes on two busy ones.
c.Spawner.start_timeout = c.Spawner.http_timeout = 300

# --- when a server ends -----------------------------------------------------------------------------------------------

# A server that was killed is started again when its student opens or reloads a page, without a click; what was saved is
# there. The kernel's variables are lost. The hub looks every few seconds whether a server is still there.
c.Spawner.poll_interval = 5
c.JupyterHub.implicit_spawn_seconds = 1

# A server that nobody has used for an hour is stopped, to free its memory.
c.JupyterHub.services = [
    {"name": "cull-idle", "command": [sys.executable, "-m", "jupyterhub_idle_culler", "--timeout=3600"]}
]
c.JupyterHub.load_roles = [
    {
        "name": "cull-idle",
        "services": ["cull-idle"],
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
    }
]

# --- the hub itself ---------------------------------------------------------------------------------------------------

# This machine alone, until you give it an address and, since passwords travel, a certificate: see the command above.
c.JupyterHub.ip, c.JupyterHub.port = "127.0.0.1", 8000
c.JupyterHub.db_url = f"sqlite:///{DATA / 'hub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(DATA / "cookie_secret")
c.ConfigurableHTTPProxy.pid_file = str(DATA / "proxy.pid")
NODE = shutil.which("node") or str(COURSE / ".venv-node" / "bin" / "node")
c.ConfigurableHTTPProxy.command = [NODE, str(HERE / "node_modules/configurable-http-proxy/bin/configurable-http-proxy")]
