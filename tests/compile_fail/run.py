#!/usr/bin/env python3
"""Programs that must not compile, and what the compiler must say about each.

Usage: run.py [--system DIR]... [--case NAME]... [--twins HALF] COMPILER...     checks every NAME.cpp in this folder
       run.py [--system DIR]... --gallery OUT.md COMPILER...          writes the messages as a page of the docs

The check also fails where docs/errors.md does not show just these cases: write it anew then.

A case is one small program with two faces:

    // title: A kernel larger than the image
    // why: After two poolings only 6x14x14 is left, so a 25x25 kernel has no place to stand.
    // expect: shape_mismatch           a regular expression that the message must hold; any number of them
    // header: thrust/for_each.h        the case is skipped where a compiler has no such header (rare)
    // flags: -std=c++17                the mistake is to compile it so (rare)
    // errors: 4                        so many at most, where the language has no place for weft's message (rare)
    #include <weft/weft.hpp>
    #ifdef WEFT_OK
    ... the twin, which must compile
    #else
    ... the mistake, which must fail, in at most 2 errors and 20 lines
    #endif
    int main() {}
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent / "include"
INCLUDE = SOURCE  # while cases run, a copy, so that work on the headers meanwhile does no harm
GALLERY = HERE.parent.parent / "docs" / "errors.md"
MOST_ERRORS, MOST_LINES = 2, 20
PRECOMPILED = {}  # compiler: flags
HOW_TO_READ = """The name of the error and its facts stand in the line with *instantiation*: the layer's place and type, what it
`needs`, and what it `got`. `layer<4>` is the fourth layer, the input not counted;
`at<layer<4>, in_concat<2>, layer<1>>` is the first layer of the second part of a concat, which is the fourth layer of
the network. Your own line stands in the line with *required from here* (g++), or under the last note (clang++).
"""


class Case:
    def __init__(self, path):
        self.name, self.path, self.text = path.stem, path, path.read_text()

    def has_twin_in(self, half):
        """Is its twin of this half, so that two runs with a compiler each compile all twins?"""
        return half is None or sum(self.name.encode()) % 2 == ("first", "second").index(half)

    def notes(self, kind):
        return re.findall(rf"^// {kind}: *(.*?) *$", self.text, re.M)

    def flags(self):
        return " ".join(self.notes("flags")).split()

    def shown(self):
        """The mistake alone, as a reader would have written it."""
        face, lines = None, []
        for line in self.text.splitlines():
            directive = re.match(r"#\s*(ifdef WEFT_OK|ifndef WEFT_OK|else|endif)\b", line)
            if directive:
                word = directive[1].split()[0]
                face = {"ifdef": "twin", "ifndef": "mistake", "endif": None}.get(
                    word, "twin" if face == "mistake" else "mistake")
            elif face != "twin" and not re.match(r"// (title|why|expect|header|errors):", line):
                lines.append(line)
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines).strip()) + "\n"


def flags(system):
    return ["-std=c++20", "-Wall", "-Wextra", "-Wno-unused-const-variable", "-fdiagnostics-color=never",
            f"-I{INCLUDE}", *(f"-isystem{directory}" for directory in system)]


def precompiled(compiler, folder, system):
    """The flags that let a compiler take weft.hpp as read, which is most of the time a case takes; or none."""
    header = pathlib.Path(folder, re.sub(r"\W", "_", compiler), "weft", "weft.hpp.gch")
    header.parent.mkdir(parents=True)
    run = subprocess.run([compiler, *flags(system), "-x", "c++-header", INCLUDE / "weft" / "weft.hpp", "-o", header],
                         text=True, capture_output=True)
    if run.returncode:
        return []
    version = subprocess.run([compiler, "--version"], text=True, capture_output=True).stdout
    return ["-include-pch", str(header)] if "clang" in version else [f"-I{header.parent.parent}"]


def compile(compiler, path, *more, system, cwd=None):
    read = [] if any(flag != "-DWEFT_OK" for flag in more) else PRECOMPILED[compiler]
    return subprocess.run([compiler, *read, *flags(system), "-fsyntax-only", "-Werror", *more, path],
                          text=True, capture_output=True, cwd=cwd)


def counts(message):
    lines = sum(1 for line in message.splitlines() if line.strip())
    return len(re.findall(r"(?:^|[^a-z])error:", message, re.M)), lines


def lacks_header(case, compiler, system):
    return any(subprocess.run([compiler, *flags(system), "-E", "-x", "c++", "-"], text=True, capture_output=True,
                              input=f"#if !__has_include(<{header}>)\n#error\n#endif\n").returncode
               for header in case.notes("header"))


def fault(case, compiler, system, twins):
    """What is wrong with a case, an empty string, or None where it was skipped; and the compiler's message."""
    if lacks_header(case, compiler, system):
        return None, ""
    if not case.notes("expect") or "WEFT_OK" not in case.text:
        return "the case has no twin or expects no words", ""
    if case.has_twin_in(twins):
        twin = compile(compiler, case.path, "-DWEFT_OK", system=system)
        if twin.returncode:
            return "the twin does not compile", twin.stderr
    run = compile(compiler, case.path, *case.flags(), system=system)
    if not run.returncode:
        return "it compiles, and must not", ""
    missing = [words for words in case.notes("expect") if not re.search(words, run.stderr)]
    if missing:
        return "the message does not say " + ", ".join(missing), run.stderr
    # g++ says of an include by its line alone which of the program's it was.
    if not re.search(re.escape(case.path.name) + (r":\d+" if case.flags() else r":\d+:\d+"), run.stderr):
        return "the message does not lead to the line of the mistake", run.stderr
    errors, lines = counts(run.stderr)
    most = int("".join(case.notes("errors")) or MOST_ERRORS)
    if errors > most or lines > MOST_LINES:
        return f"{errors} errors in {lines} lines; at most {most} in {MOST_LINES}", run.stderr
    return "", run.stderr


def check(cases, compilers, system, twins, pool):
    failed = skipped = 0
    jobs = [(case, compiler) for compiler in compilers for case in cases]
    for (case, compiler), (why, message) in zip(jobs, pool.map(lambda job: fault(*job, system, twins), jobs)):
        errors, lines = counts(message)
        if why is None:
            skipped += 1
            print(f"SKIPPED {compiler} {case.name}: there is no {' and no '.join(case.notes('header'))}")
            continue
        print(f"{'FAIL' if why else 'pass'} {compiler} {case.name}: {why or f'{errors} errors in {lines} lines'}")
        if why:
            failed += 1
            print("".join(f"    {line}\n" for line in message.splitlines()[:40]), end="")
    print(f"{len(jobs) - failed - skipped} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not jobs else 0


def title_of(case):
    return " ".join(case.notes("title")) or case.name.replace("_", " ").capitalize()


def gallery_is_current(cases):
    """Whether the committed page shows each case as it is now, and no other."""
    page = GALLERY.read_text() if GALLERY.exists() else ""
    stale = [case.name for case in cases if f"## {title_of(case)}\n" not in page or case.shown() not in page]
    gone = set(re.findall(r"^## (.*)$", page, re.M)) - {title_of(case) for case in cases}
    for name in stale:
        print(f"FAIL {GALLERY.name} does not show {name} as it is")
    for title in gone:
        print(f"FAIL {GALLERY.name} shows a case that is gone: {title}")
    return not stale and not gone


def with_short_paths(message):
    """A message with weft/a/../b as weft/b."""
    message = message.replace(f"{INCLUDE}/", "").strip()
    while (shorter := re.sub(r"[\w]+/\.\./", "", message)) != message:
        message = shorter
    return message


def gallery_entry(case, compilers, system):
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "your.cpp").write_text(case.shown())
        messages = [compile(compiler, "your.cpp", *case.flags(), system=system, cwd=folder).stderr
                    for compiler in compilers]
    title = title_of(case)
    parts = [f"## {title}\n", " ".join(case.notes("why")) + "\n"] if case.notes("why") else [f"## {title}\n"]
    parts.append(f"```cpp\n{case.shown()}```\n")
    for compiler, message in zip(compilers, messages):
        parts.append(f"{pathlib.Path(compiler).name}:\n\n```\n{with_short_paths(message)}\n```\n")
    return "\n".join(parts)


def gallery(cases, compilers, system, pool, out):
    lacking = [case.name for case in cases if any(lacks_header(case, compiler, system) for compiler in compilers)]
    if lacking:
        print("not written: there are no headers for " + ", ".join(lacking))
        return 1
    versions = [subprocess.run([c, "--version"], text=True, capture_output=True).stdout.splitlines()[0]
                for c in compilers]
    entries = pool.map(lambda case: gallery_entry(case, compilers, system), cases)
    page = ["# Errors at compile time\n",
            "What the compiler says about common mistakes. This page is written by "
            "`tests/compile_fail/run.py --gallery` from real runs of " + " and ".join(versions) + ".\n",
            HOW_TO_READ,
            *entries]
    pathlib.Path(out).write_text("\n".join(page))
    return 0 if cases else 1


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("compilers", nargs="+")
    parser.add_argument("--system", action="append", default=[], help="a folder of other libraries' headers")
    parser.add_argument("--case", action="append", help="only this case")
    parser.add_argument("--twins", choices=("first", "second"), help="only this half of the twins; all mistakes")
    parser.add_argument("--gallery", metavar="OUT.md")
    arguments = parser.parse_args()
    cases = [Case(path) for path in sorted(HERE.glob("*.cpp")) if not arguments.case or path.stem in arguments.case]
    with (tempfile.TemporaryDirectory() as folder,
          concurrent.futures.ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool):
        global INCLUDE
        INCLUDE = pathlib.Path(shutil.copytree(SOURCE, pathlib.Path(folder, "include")))
        PRECOMPILED.update(zip(arguments.compilers, pool.map(
            lambda compiler: precompiled(compiler, folder, arguments.system), arguments.compilers)))
        if arguments.gallery:
            return gallery(cases, arguments.compilers, arguments.system, pool, arguments.gallery)
        failed = check(cases, arguments.compilers, arguments.system, arguments.twins, pool)
    return failed if arguments.case or gallery_is_current(cases) else 1


sys.exit(main())
