"""Run all measurements; print the table and write it to benchmarks/RESULTS.md."""

import os
import platform
import subprocess
from pathlib import Path

import browser

from benchmarks import SITE, Table, builds, frames, hub, installs, pages, sampling, say, updates

HEAD = """# Measurements

`make bench` wrote this, in one run on one machine: {machine}. Read the times as ratios.

"""


def machine():
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    cpu = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    chromium = subprocess.run([browser.find(), "--version"], capture_output=True, text=True).stdout.strip()
    return f"{cpu}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, {chromium}"


def main():
    if not browser.find():
        raise SystemExit(browser.MISSING)
    if not SITE.exists():
        raise SystemExit("_build/html is not there: run `make book` first")
    rows, notes = [], ""
    for part in sampling, updates, pages, frames, builds, hub, installs:
        notes += f"\n{part.__doc__.split(chr(10), 2)[2].strip()}\n"
        for measured in part.measure():
            if isinstance(measured, Table):
                notes += f"\n{measured}\n"
            else:
                ratio = "" if measured.ratio is None else f"{measured.ratio:.3g}"
                rows.append([measured.what, measured.ours, measured.other, ratio])
    text = f"{HEAD.format(machine=machine())}{Table(['what', 'ours', 'compared with', 'ratio'], rows)}\n{notes}"
    (Path(__file__).parent / "RESULTS.md").write_text(text)
    print(text)
    say("Written to benchmarks/RESULTS.md")


if __name__ == "__main__":
    main()
