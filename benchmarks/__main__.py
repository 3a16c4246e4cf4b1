"""Run all measurements; print the table and write it to benchmarks/RESULTS.md."""

import os
import platform
import subprocess
from pathlib import Path

import browser

from benchmarks import SITE, builds, frames, hub, installs, pages, sampling, say, updates

HEAD = """# Measurements

`make bench` wrote this, in one run on one machine: {machine}. Read the times as ratios.

| what | ours | compared with | ratio |
| --- | --- | --- | --- |
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
    text, notes = HEAD.format(machine=machine()), ""
    for part in sampling, updates, pages, frames, builds, hub, installs:
        for row in part.measure():
            ratio = "" if row.ratio is None else f"{row.ratio:.3g}"
            text += f"| {row.what} | {row.ours} | {row.other} | {ratio} |\n"
        notes += f"\n{part.__doc__.split(chr(10), 2)[2].strip()}\n"
    text += notes
    (Path(__file__).parent / "RESULTS.md").write_text(text)
    print(text)
    say("Written to benchmarks/RESULTS.md")


if __name__ == "__main__":
    main()
