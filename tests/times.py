#!/usr/bin/env python3
"""Where a build's and its tests' time goes: seconds for each target, the slowest first. Two processors work at once, so
that sums are larger than what one waits for. Usage: times.py BUILD_DIR... [--most N]"""
import argparse
import pathlib
import re
from collections import defaultdict


def compiled(build):
    """(target, file): seconds, of the last run of each step that ninja ran."""
    last = {}
    log = build / ".ninja_log"
    for line in log.read_text().splitlines()[1:] if log.exists() else []:
        start, end, _, output, command = line.split("\t")
        last[output] = (command, (int(end) - int(start)) / 1000)
    steps = {command: (output, seconds) for output, (command, seconds) in last.items()}  # one for all its outputs
    result = defaultdict(float)
    for output, seconds in steps.values():
        match = re.search(r"CMakeFiles/([^/]+)\.dir/(.+)\.o$", output)
        result[match.groups() if match else ("links and the rest", "")] += seconds
    return result


def ran(build):
    """(folder, test): seconds."""
    result = defaultdict(float)
    log = build.with_name(build.name + ".ctest.log")
    for name, seconds in re.findall(r"Test +#\d+: (\S+) .*?([\d.]+) sec", log.read_text() if log.exists() else ""):
        result[name.split(".")[0].split("_")[0], name] += float(seconds)
    return result


def table(what, seconds, most):
    groups, slowest = defaultdict(float), defaultdict(lambda: ("", 0))
    for (group, name), time in seconds.items():
        groups[group] += time
        slowest[group] = max(slowest[group], (name, time), key=lambda each: each[1])
    print(f"\n{what}: {sum(groups.values()):.0f} s in all")
    for group, time in sorted(groups.items(), key=lambda each: -each[1])[:most]:
        name, longest = slowest[group]
        print(f"{time:8.1f}  {group:32}" + (f"  of which {longest:.1f} {name}" if name else ""))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("builds", nargs="+", type=pathlib.Path)
    parser.add_argument("--most", type=int, default=15)
    options = parser.parse_args()
    for build in map(pathlib.Path.resolve, options.builds):
        table(f"{build.name}, seconds of compiling for each target", compiled(build), options.most)
        table(f"{build.name}, seconds of running for each folder of tests", ran(build), options.most)
