#!/usr/bin/env python3
"""Compiles every C++ listing of the README and the docs. Usage: listings.py COMPILER [--system DIR]... [PAGE...]

Those of docs/reference/ are taken from the headers that it is made of, as one program. Elsewhere a ```cpp block is a
program of its own; without an #include it gets weft.hpp. An HTML comment before it, which readers do not see, may say
more:
    <!-- cpp                      what surrounds the listing; the line "..." stands for it
    int main() {
    ...
    }
    -->
    <!-- from examples/x.cpp -->  the listing stands word for word in that file, which is compiled elsewhere
    <!-- does not compile -->     a mistake on show; its own test is elsewhere
    <!-- file F --> <!-- lines F before "…" -->    a piece of weft itself, which tests/primitives adds to a copy
    <!-- printed -->              before a ```text block: what the listing above prints when it runs
    <!-- recipe -->               a program that runs; a page's recipes are compiled as one and run in order, in one
                                  folder, where there are examples/ and houses.csv
    <!-- head of F -->            before a ```text block: what that file begins with
    <!-- python, or copy A B -->  runs between recipes where its packages are installed; else A is copied to B
"""
import argparse
import concurrent.futures
import os
import pathlib
import random
import re
import shutil
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
        if hint in ("does not compile", "recipe") or hint.startswith(("file ", "lines ", "head of ", "python, ")):
            last = hint
            continue
        if hint == "printed" and last == "recipe":
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


def houses():
    """A file of houses and prices for recipes."""
    draw, lines = random.Random(1).random, ["id,area,rooms,year,town,price"]
    for number in range(1, 501):
        area, year, town = 40 + int(180 * draw()), 1920 + int(101 * draw()), int(3 * draw())
        rooms, noise = 1 + int(area / 40 + draw()), 60 * (draw() + draw() - 1)
        worth = (1.6, 2.0, 2.9)[town] * area + 0.6 * (year - 1920) + noise
        lines.append(f"{number},{area},{rooms},{year},{('Birke', 'Linden', 'Seefeld')[town]},{worth:.0f}")
    return "\n".join(lines) + "\n"


def recipes(page):
    """(kind, line, text, argument) of each step of a page's recipes."""
    text = page.read_text(encoding="utf-8")
    kind = None
    for match in FENCE.finditer(text):
        line, hint = text.count("\n", 0, match.start("code")), match["hint"] or ""
        if hint == "printed" and kind != "recipe":
            continue
        kind = next((k for k in ("recipe", "printed", "head of", "python") if hint.startswith(k)), None)
        if kind:
            yield kind, line, match["code"], hint


def alike(printed, wanted):
    """Whether words are the same, numbers within 3 %, which compilers may round apart."""
    def same(one, other):
        try:
            return abs(float(one) - float(other)) <= 0.03 * max(abs(float(one)), 1e-3)
        except ValueError:
            return one == other
    return len(printed) == len(wanted) and all(map(same, printed, wanted))


def joined(page, steps):
    """One program of all recipes: its argument is the number of the one to run."""
    programs = [(line, code) for kind, line, code, _ in steps if kind == "recipe"]
    includes = [each for _, code in programs for each in re.findall(r"^#include .*$", code, re.M)]
    out = list(dict.fromkeys(["#include <weft/weft.hpp>", *includes]))  # a precompiled header comes first, once
    for number, (line, code) in enumerate(programs):
        body = re.sub(r"^#include .*$", "", code, flags=re.M).replace("int main()", "int run()").rstrip()
        out.append(f'namespace recipe_{number} {{\n#line {line + 1} "{page}"\n{body[:-1]}return 0;\n}}\n}}')
    runs = ", ".join(f"&recipe_{number}::run" for number in range(len(programs)))
    return "\n".join([*out, f"int main(int, char** argv) {{\n    int (*recipes[])() = {{{runs}}};",
                      "    return recipes[argv[1][0] - '0']();\n}\n"])


def try_recipes(command, weft, page, steps):
    """What is wrong with a page's recipes, or None."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "houses.csv").write_text(houses(), encoding="utf-8")
        (folder / "examples").symlink_to(root / "examples")
        (folder / "recipes.cpp").write_text(joined(page, steps), encoding="utf-8")
        run = subprocess.run([command[0], *weft, *command[1:], "-o", "recipes", "recipes.cpp"], text=True,
                             capture_output=True, cwd=folder)
        if run.returncode:
            return run.stderr
        number, output = 0, ""
        for kind, line, text, hint in steps:
            if kind == "head of" and not (folder / hint.split()[-1]).read_text(encoding="utf-8").startswith(text):
                return f"line {line}: the file begins with\n{(folder / hint.split()[-1]).read_text()[:200]}"
            if kind == "recipe":
                run = subprocess.run(["./recipes", str(number)], text=True, capture_output=True, cwd=folder)
                number, output = number + 1, run.stdout
                if run.returncode:
                    return f"line {line}: it ends with {run.returncode}: {run.stderr}"
            if kind == "printed" and not alike(output.split(), text.split()):
                return f"line {line}: it prints\n{output}"
            if kind == "python":
                compile(text, str(page), "exec")
                packages = re.findall(r"^(?:import|from) (\w+)", text, re.M)
                there = subprocess.run([sys.executable, "-c", f"import {', '.join(packages)}"], capture_output=True)
                if there.returncode:
                    _, _, _, given, wanted = hint.split()
                    shutil.copy(folder / given, folder / wanted)
                    continue
                run = subprocess.run([sys.executable, "-c", text], text=True, capture_output=True, cwd=folder)
                if run.returncode:
                    return f"line {line}: {run.stderr}"
    return None


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


def reference_listings():
    """All listings of docs/reference/ as one program."""
    return subprocess.run([sys.executable, root / "docs" / "reference.py", "--listings"], text=True, check=True,
                          capture_output=True).stdout


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
    reference = root / "docs" / "reference"
    pages = arguments.pages or [root / "README.md", *(p for p in sorted((root / "docs").rglob("*.md"))
                                                      if p.name != "errors.md" and p.parent != reference)]
    found = [(page, *listing) for page in pages for listing in listings(page)]
    if not arguments.pages:
        found.insert(0, (reference, 1, reference_listings(), None, None))
    with (tempfile.TemporaryDirectory() as folder,
          concurrent.futures.ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool):
        weft = precompiled(command, folder)
        runs = [pool.submit(try_listing, command, weft, program, printed) if program else None
                for _, _, program, printed, _ in found]
        for page in pages:
            steps = list(recipes(page))
            if steps:
                found.append((page, steps[0][1], None, None, None))
                runs.append(pool.submit(try_recipes, command, weft, page, steps))
    failed = 0
    for (page, line, _, _, complaint), run in zip(found, runs):
        errors = complaint or (run and run.result())
        if errors:
            failed += 1
            print(f"FAIL {page}:{line}: {errors}")
    print(f"{len(found) - failed} of {len(found)} programs passed, {failed} failed")
    return 1 if failed or not found else 0


sys.exit(main())
