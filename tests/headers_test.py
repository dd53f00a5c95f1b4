#!/usr/bin/env python3
"""Compiles each header of weft alone. Usage: headers_test.py COMPILER [--system DIR]... [HEADER...]"""
import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys

include_dir = pathlib.Path(__file__).resolve().parent.parent / "include"
# Front doors of optional dependencies, compiled alone by the tests that have them.
OPTIONAL = ("weft/thrust.hpp", "weft/cuda.hpp", "weft/mpi.hpp", "weft/nccl.hpp", "weft/backend/thrust/", "weft/backend/cuda/")

parser = argparse.ArgumentParser()
parser.add_argument("compiler")
parser.add_argument("--system", action="append", default=[])
parser.add_argument("headers", nargs="*")
arguments = parser.parse_intermixed_args()
command = [arguments.compiler, "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", f"-I{include_dir}",
           *(f"-isystem{directory}" for directory in arguments.system), "-xc++", "-"]


def errors_of(header):
    run = subprocess.run(command, input=f"#include <{header}>\n", text=True, capture_output=True)
    return run.stderr if run.returncode else ""


everything = sorted(p.relative_to(include_dir).as_posix() for p in include_dir.rglob("*.hpp"))
headers = arguments.headers or [h for h in everything if not h.startswith(OPTIONAL)]
failed = 0
with concurrent.futures.ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
    for header, errors in zip(headers, pool.map(errors_of, headers)):
        if errors:
            failed += 1
            print(f"FAIL {header}\n{errors}")
print(f"{len(headers) - failed} passed, {failed} failed")
sys.exit(1 if failed or not headers else 0)
