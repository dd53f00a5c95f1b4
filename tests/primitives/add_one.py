#!/usr/bin/env python3
"""Adds a primitive to a copy of weft by the guide's own listings, and looks at it from all sides.

Usage: add_one.py COMPILER [--system DIR]... [CATCH_LIBRARY...]   Also prints the files that were touched."""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

here = pathlib.Path(__file__).resolve().parent
root = here.parent.parent
parser = argparse.ArgumentParser()
parser.add_argument("compiler")
parser.add_argument("--system", action="append", default=[])
parser.add_argument("libraries", nargs="*")
arguments = parser.parse_intermixed_args()

PIECE = re.compile(r'^<!-- (file|lines) (\S+)(?: before "(.*?)")? -->\n```cpp\n(.*?)^```$', re.M | re.S)
pieces = PIECE.findall((root / "docs" / "extending.md").read_text())
created, changed = set(), set()
with tempfile.TemporaryDirectory() as work:
    copy = pathlib.Path(work)
    shutil.copytree(root / "include", copy / "include")
    shutil.copytree(root / "tests", copy / "tests")
    for kind, name, before, text in pieces:
        path = copy / name
        if kind == "file":
            if path.exists():
                sys.exit(f"FAIL {name} exists already")
            path.write_text(text)
            created.add(name)
        else:
            old = path.read_text()
            at = old.find(before)
            if at < 0:
                sys.exit(f"FAIL {name} has no {before}")
            at = old.rfind("\n", 0, at) + 1
            path.write_text(old[:at] + text + old[at:])
            changed.add(name)
    for what, names in ("new", created), ("changed", changed):
        for name in sorted(names):
            print(f"{what:8}{name}")
    if len(created) != 3 or len(changed) != 1:
        sys.exit("FAIL reference and cpu alone: three new files and one that changes")
    program = copy / "cumulative_sum"
    command = [arguments.compiler, "-std=c++20", "-O1", "-Wall", "-Wextra", "-Werror", f"-I{copy}/include",
               f"-I{copy}/tests", *(f"-isystem{d}" for d in arguments.system), here / "cumulative_sum.cpp",
               root / "tests" / "main.cpp", *arguments.libraries, "-pthread", "-o", program]
    if arguments.compiler.endswith("g++") and "clang" not in arguments.compiler:
        command += ["-Wno-uninitialized", "-Wno-maybe-uninitialized"]  # GCC bug 105593
    layering = subprocess.run([sys.executable, copy / "tests" / "layering_test.py"])
    failed = layering.returncode or subprocess.run(command).returncode or subprocess.run([program]).returncode
print("FAIL" if failed else "pass")
sys.exit(1 if failed else 0)
