"""What a class on the course's hub takes, and how many students a machine carries.

**A class on a hub.** Students log in at once, and run the chapter on the Concrete distribution at once, as JupyterLab
would have it run; then each moves a slider. *Memory* is the proportional set size of a student's processes: a page that
n processes share counts one n-th for each. *CPU* is what those processes used, whatever else the machine did.

How many students a machine carries is the smaller of two numbers. By memory: what is left of it beside the hub and
1 GB for the system, over what a student takes with one chapter open; a second open chapter takes as much again as the
kernel does. By CPU: as many as can run the whole chapter in the same minute; a class that reads between its cells needs
less. So, for m MB and s seconds a student, h MB for the hub, on M MB and c cores:

    students = min((M - 1000 - h) / m, 60 c / s)
"""

import statistics
import threading
from concurrent.futures import ThreadPoolExecutor

import psutil
import students

from benchmarks import Row, say

CLASS = 20
CHAPTER = "gumbel/concrete.ipynb"
MACHINES = (4, 2), (16, 8), (64, 16)  # (GB, cores)
SYSTEM = 1000  # MB


def measure():
    say(f"A class of {CLASS} on a hub …")
    everybody = threading.Barrier(CLASS)

    def study(name):
        try:
            return in_step(name)
        except Exception:
            everybody.abort()  # the others wait for nobody
            raise

    def in_step(name):
        student = students.Student(hub, name)
        student.log_in()
        server = hub.server(name)
        everybody.wait()
        at_rest = students.usage(server)
        everybody.wait()
        with student.open(CHAPTER) as notebook:
            notebook.run_all()
            notebook.move_a_slider()
            everybody.wait()
            after = students.usage(server)
            everybody.wait()
        return *at_rest, *after

    names = [f"student-{number}" for number in range(CLASS)]
    with students.open_hub(names) as hub, ThreadPoolExecutor(CLASS) as pool:
        work = zip(*pool.map(study, names), strict=True)
        memory_at_rest, start, memory, seconds = map(statistics.mean, work)
        process = psutil.Process(hub.pid)
        family = [process, *(child for child in process.children() if "jupyterhub.singleuser" not in child.cmdline())]
        of_hub = sum(process.memory_full_info().pss for process in family)
    yield Row("MB of a student's server at rest", f"{memory_at_rest / 1e6:.0f}")
    yield Row("MB of a student's server and kernel after a chapter", f"{memory / 1e6:.0f}")
    yield Row("MB of the hub, its proxy and its culler", f"{of_hub / 1e6:.0f}")
    yield Row("seconds of CPU to start a student's server", f"{start:.1f}")
    yield Row("seconds of CPU to run a chapter and move a slider", f"{seconds - start:.1f}")
    for gigabytes, cores in MACHINES:
        by_memory, by_cpu = capacity(gigabytes, cores, memory / 1e6, seconds - start, of_hub / 1e6)
        what = f"students on {gigabytes} GB and {cores} cores"
        yield Row(what, str(min(by_memory, by_cpu)), f"by memory: {by_memory}, by CPU: {by_cpu}")


def capacity(gigabytes, cores, memory, seconds, hub):
    """How many students a machine carries: (by its memory, by its cores)."""
    return int((1000 * gigabytes - SYSTEM - hub) / memory), int(60 * cores / seconds)
