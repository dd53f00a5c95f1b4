#!/usr/bin/env python3
"""Compiles every C++ listing of the README and the docs. Usage: listings.py COMPILER [--system DIR]... [PAGE...]

A ```cpp block is one program of its own; without an #include it gets weft.hpp. An HTML comment before it, which
readers do not see, may say more:
    <!-- cpp                      what surrounds the listing; the line "..." stands for it
    int main() {
    ...
    }
    -->
    <!-- from examples/x.cpp -->  the listing stands word for word in that file, which is compiled elsewhere
    <!-- does not compile -->     a mistake on show; its own test is elsewhere
    <!-- file F --> <!-- lines F before "…" -->    a piece of weft itself, which tests/primitives adds to a copy
    <!-- printed -->              before a ```text block: what the listing above prints when it runs
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

root = pathlib.Path(__file__).resolve().parent.parent.parent
# Words that say what a page's other code blocks are; a block without one may be C++ that escapes the test.
OTHER_LANGUAGES = {"sh", "cmake", "text", "mermaid", "toml", "python", "json"}

FENCE = re.compile(
    r"(?:^<!--\s*(?P<hint>(?:(?!-->).)*?)\s*-->\s*\n)?^```(?P<language>\S*)\n(?P<code>.*?)^```\s*$", re.M | re.S)


def flat(text):
    return "\n".join(line.strip() for line in text.strip().splitlines())


def listings(page):
    """(line, program to compile or None, what it prints or None, complaint or None) of each C++ block."""
    text = page.read_text(encoding="utf-8")
    last = None
    for match in FENCE.finditer(text):
        line = text.count("\n", 0, match.start("code"))
        hint, code = match["hint"] or "", match["code"]
        if hint == "does not compile" or hint.startswith(("file ", "lines ")):
            continue
        if hint == "printed":
            yield line, last, code, None if last else "there is no listing above that could print this"
        elif match["language"] != "cpp":
            if match["language"] not in OTHER_LANGUAGES:
                yield line, None, None, f"a block of an unknown language: '{match['language']}'"
        elif hint.startswith("from "):
            source = root / hint[5:].strip()
            inside = source.is_file() and flat(code) in flat(source.read_text(encoding="utf-8"))
            yield line, None, None, None if inside else f"this does not stand in {hint[5:].strip()}"
        else:
            surroundings = hint[3:] if hint.startswith("cpp") else "..."
            before, dots, after = surroundings.partition("...\n") if "...\n" in surroundings else \
                surroundings.partition("...")
            if not dots:
                yield line, None, None, "the comment before it has no line '...'"
                continue
            include = "" if "#include <weft/" in before + code else "#include <weft/weft.hpp>\n"
            last = f'{include}{before}\n#line {line + 1} "{page}"\n{code}\n{after}\n'
            yield line, last, None, None


def precompiled(command, folder):
    """The flags that let a compiler take weft.hpp as read, which is most of the time a listing takes; or none."""
    header = pathlib.Path(folder, "weft", "weft.hpp.gch")
    header.parent.mkdir()
    run = subprocess.run([*command, "-x", "c++-header", root / "include/weft/weft.hpp", "-o", header],
                         text=True, capture_output=True)
    if run.returncode:
        return []
    version = subprocess.run([command[0], "--version"], text=True, capture_output=True).stdout
    return ["-include-pch", str(header)] if "clang" in version else [f"-I{folder}"]


def try_listing(command, weft, program, printed):
    """What is wrong with a listing, or None."""
    if "#include <weft/weft.hpp>" in program:
        command = [command[0], *weft, *command[1:]]
    with tempfile.TemporaryDirectory() as folder:
        source, binary = pathlib.Path(folder, "listing.cpp"), pathlib.Path(folder, "listing")
        source.write_text(program, encoding="utf-8")
        how = ["-fsyntax-only"] if printed is None else ["-o", str(binary)]
        run = subprocess.run([*command, str(source), *how], text=True, capture_output=True)
        if run.returncode:
            return run.stderr
        if printed is None:
            return None
        run = subprocess.run([str(binary)], text=True, capture_output=True, cwd=folder)
        return None if flat(run.stdout).startswith(flat(printed)) else f"it prints\n{run.stdout}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("compiler")
    parser.add_argument("--system", action="append", default=[])
    parser.add_argument("pages", nargs="*", type=pathlib.Path)
    arguments = parser.parse_intermixed_args()
    command = [arguments.compiler, "-std=c++20", "-Wall", "-Wextra", "-Wno-unused", "-pthread",
               f"-I{root}/include",
               *(f"-isystem{directory}" for directory in arguments.system)]

    # errors.md is all mistakes, written and checked by tests/compile_fail/run.py.
    pages = arguments.pages or [root / "README.md", *(p for p in sorted((root / "docs").rglob("*.md"))
                                                      if p.name != "errors.md")]
    found = [(page, *listing) for page in pages for listing in listings(page)]
    with (tempfile.TemporaryDirectory() as folder,
          concurrent.futures.ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool):
        weft = precompiled(command, folder)
        runs = [pool.submit(try_listing, command, weft, program, printed) if program else None
                for _, _, program, printed, _ in found]
    failed = 0
    for (page, line, _, _, complaint), run in zip(found, runs):
        errors = complaint or (run and run.result())
        if errors:
            failed += 1
            print(f"FAIL {page}:{line}: {errors}")
    print(f"{len(found) - failed} listings of {len(pages)} pages passed, {failed} failed")
    return 1 if failed or not found else 0


sys.exit(main())
