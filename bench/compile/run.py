#!/usr/bin/env python3
"""Measures what weft costs the compiler: time and memory of real programs against a file with one Eigen product, in
one run, interleaved, medians; and the number of template instantiations, which does not depend on the machine.

usage: run.py [--repeats N] [--budget] [--write FILE] [COMPILER...]     (default: g++ clang++)
  --budget       only count instantiations (clang++) and compare with budget.json; exit 1 where one has grown past it
  --record       write the present counts, and 3 % more, to budget.json
  --write FILE   also write the table as Markdown
"""
import argparse, json, os, pathlib, shutil, statistics, subprocess, sys, tempfile

here = pathlib.Path(__file__).resolve().parent
root = here.parent.parent
flags = ["-std=c++20", "-O2", "-march=native", "-DNDEBUG", f"-I{root}/include"]
programs = [("one Eigen product", "eigen_product.cpp", []), ("LeNet, training", "lenet.cpp", []),
            ("ResNet-18, training step", "resnet18.cpp", []), ("10 dense+relu pairs", "pairs.cpp", ["-DPAIRS=10"]),
            ("40 pairs", "pairs.cpp", ["-DPAIRS=40"]), ("70 pairs", "pairs.cpp", ["-DPAIRS=70"]),
            ("100 pairs", "pairs.cpp", ["-DPAIRS=100"])]
limits = {"LeNet, training": (4, 3), "ResNet-18, training step": (8, None)}  # times the Eigen file: time, memory


def eigen():
    found = subprocess.run(["pkg-config", "--cflags", "eigen3"], capture_output=True, text=True).stdout.split()
    return [f.replace("-I", "-isystem", 1) for f in found] or ["-isystem/usr/include/eigen3"]


def compile_once(compiler, source, extra, output):
    """CPU seconds (user and system) and peak MiB of one compilation."""
    pid = os.fork()
    if pid == 0:
        os.execvp(compiler, [compiler, *flags, *eigen(), *extra, "-c", str(here / source), "-o", output])
    _, status, usage = os.wait4(pid, 0)
    if status:
        sys.exit(f"{compiler} could not compile {source}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def measure(compilers, repeats):
    samples = {}
    with tempfile.TemporaryDirectory() as work:
        for _ in range(repeats):
            for compiler in compilers:
                for name, source, extra in programs:
                    samples.setdefault((compiler, name), []).append(
                        compile_once(compiler, source, extra, os.path.join(work, "out.o")))
    return {key: (*(statistics.median(column) for column in zip(*value)), min(time for time, _ in value))
            for key, value in samples.items()}


def table(results, compilers):
    lines, failed = [], False
    for compiler in compilers:
        version = subprocess.run([compiler, "--version"], capture_output=True, text=True).stdout.splitlines()[0]
        base_time, base_memory, _ = results[compiler, programs[0][0]]
        lines += [f"### {version}", "", "| program | CPU time | times Eigen's | peak memory | times Eigen's |", "|---|---|---|---|---|"]
        for name, _, _ in programs:
            time, memory, _ = results[compiler, name]
            lines.append(f"| {name} | {time:.1f} s | {time / base_time:.2f} | {memory:.0f} MiB | {memory / base_memory:.2f} |")
            for value, base, limit in zip((time, memory), (base_time, base_memory), limits.get(name, (None, None))):
                failed |= limit is not None and value > limit * base
        # Differences of times this close need the least disturbed ones.
        at = {n: results[compiler, f"{n} dense+relu pairs" if n == 10 else f"{n} pairs"][2] for n in (10, 40, 70, 100)}
        steps = ", ".join(f"{(at[b] - at[a]) / 30 * 1000:.1f} ms from {a} to {b}" for a, b in ((10, 40), (40, 70), (70, 100)))
        lines += ["", f"One more pair costs {steps}.", ""]
    lines.append("Limits: LeNet at most 4 times the time and 3 times the memory, ResNet-18 at most 8 times the time"
                 + (": **not met**." if failed else ": met."))
    return "\n".join(lines)


def instantiations(source, extra):
    """Template classes and functions that clang++ instantiates: the same number on every machine."""
    with tempfile.TemporaryDirectory() as work:
        out = os.path.join(work, "out.o")
        subprocess.run(["clang++", *flags, *eigen(), *extra, "-O0", "-ftime-trace",
                        "-ftime-trace-granularity=0", "-c", str(here / source), "-o", out], check=True)
        events = json.load(open(os.path.join(work, "out.json")))["traceEvents"]
    return sum(event.get("name") in ("InstantiateClass", "InstantiateFunction") for event in events)


def check_budget(record):
    if not shutil.which("clang++"):
        print("no clang++: template instantiations are not counted")
        return True
    path = here / "budget.json"
    counts = {name: instantiations(source, extra) for name, source, extra in programs[1:4] + programs[-1:]}
    if record:
        path.write_text(json.dumps({name: count + count * 3 // 100 for name, count in counts.items()}, indent=2) + "\n")
    budget, good = json.loads(path.read_text()), True
    for name, count in counts.items():
        verdict = "ok" if count <= budget[name] else "GROWN PAST THE BUDGET"
        good &= count <= budget[name]
        print(f"{name:28} {count:7} template instantiations, budget {budget[name]:7}  {verdict}")
    return good


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--budget", action="store_true")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--write")
    parser.add_argument("compilers", nargs="*", default=["g++", "clang++"])
    options = parser.parse_args()
    if options.budget or options.record:
        sys.exit(0 if check_budget(options.record) else 1)
    compilers = [c for c in options.compilers if shutil.which(c)]
    text = table(measure(compilers, options.repeats), compilers)
    print(text)
    if options.write:
        pathlib.Path(options.write).write_text("# What weft costs the compiler\n\nMade by `bench/compile/run.py`.\n\n" + text + "\n")
