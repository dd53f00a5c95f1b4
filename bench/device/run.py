#!/usr/bin/env python3
"""Builds, checks and times the CUDA policy on this machine's GPU beside PyTorch, in one call of at most ten minutes.

    python3 bench/device/run.py --write docs/benchmarks/device.md

needs nvcc (on PATH, or in CUDA_PATH/bin), a GPU, and a python3 with PyTorch. Each program here is built once and in
parallel; meanwhile the reference's numbers are computed. Losses, gradients and predictions are compared with them
first: what fails is marked, and the script ends with 1. Then each row is timed, weft and PyTorch in turn, inputs in
the GPU's memory, medians of steps that are waited for in batches; rows "from the host" also copy each batch and read
each loss. A row's first pass has PyTorch's quick modes; torch.compile follows in a second pass over all rows and its
autotuning in a third, as far as the time budget goes. What it left out is listed.

Perceptrons are also run in 16 bits: weft::cuda_with<bfloat16> and <float16>, and PyTorch's whole model in that type.

weft's ways: policy is model<net, weft::cuda>; operations is the same without the kernel for whole perceptrons; fused
is that kernel in all shared memory of sm_90; cublasLt takes products from that library. The verdict is on the policy.

On a lent machine: python3 bench/device/run.py --write $OUT/device.md --json $OUT/device.json"""
import argparse, collections, concurrent.futures, dataclasses, hashlib, json, os, pathlib, queue, re, shlex, shutil
import signal, statistics, subprocess, sys, threading, time

here = pathlib.Path(__file__).resolve().parent
root = here.parent.parent
# Of 16-bit rows, weft's parameters, samples and predictions are floats; all of PyTorch's numbers are of that type.
types = {"float": "float", "float16": "weft::float16", "bfloat16": "weft::bfloat16"}
mixed_widths = {"float16": (64, 128), "bfloat16": (16, 32, 64, 128, 256)}
# How many times faster than PyTorch's best mode a row should be; for memory rows, the part of a copy's bandwidth.
targets = {"mlp": 3.0, "resnet18": 1.0, "small": 2.0, "memory": 0.9}
passes = [["eager", "graph"], ["compile", "compile+graph"], ["autotune", "autotune+graph"]]
ways = ["policy", "operations", "fused", "cublasLt"]
operations = ["copy_chain", "bias_gelu", "add_relu", "layer_norm", "layer_norm_grad", "softmax", "softmax_long",
              "softmax_grad", "column_sums", "batch_norm_stats", "adam"]


@dataclasses.dataclass
class Row:
    program: str
    net: str
    kind: str  # inference, training, host; of memory rows the operation
    size: int
    type: str = "float"
    urgency: int = 1  # rows of 0 come first
    samples: dict = dataclasses.field(default_factory=lambda: collections.defaultdict(list))
    errors: dict = dataclasses.field(default_factory=dict)
    facts: dict = dataclasses.field(default_factory=dict)
    tried: list = dataclasses.field(default_factory=list)

    @property
    def name(self):
        return f"{self.net} {self.kind} {self.size}" + (f" {self.type}" if self.type != "float" else "")

    @property
    def typed_net(self):
        return self.net if self.type == "float" else f"{self.net}.{self.type}"

    def median(self, who):
        return statistics.median(self.samples[who]) if self.samples.get(who) else None

    def best_peer(self):
        found = [(self.median(m), m[8:]) for m in list(self.samples) if m.startswith("pytorch ")]
        return min(found) if found else (None, "")


def programs():
    """Their sources and definitions."""
    return {**{f"mlp{w}": ("mlp.cu", [f"-DWIDTH={w}"]) for w in (16, 32, 64, 128, 256)},
            **{f"mlp{w}.{t}": ("mlp.cu", [f"-DWIDTH={w}", f"-DSTORED={types[t]}"])
               for t, widths in mixed_widths.items() for w in widths},
            "classifiers": ("classifiers.cu", []), "resnet18": ("resnet18.cu", []), "memory": ("memory.cu", [])}


def all_rows():
    big = 1 << 28
    rows = [Row("memory", "memory", "copy", big, urgency=-1), Row("memory", "memory", "matrix", 8192, urgency=-1)]
    rows += [Row("memory", "memory", o, big >> 2 if o == "adam" else big, urgency=0) for o in operations]
    for width in (64, 128, 32, 256, 16):
        for kind in ("inference", "training"):
            for power in (20, 17, 14) + ((21,) if width <= 128 else ()):
                rows.append(Row(f"mlp{width}", f"mlp{width}", kind, 1 << power, urgency=0 if power in (17, 20) else 1))
    for type, widths in mixed_widths.items():
        for width in widths:
            for kind in ("inference", "training"):
                for power in (20, 14) if type == "bfloat16" else (20,):
                    rows.append(Row(f"mlp{width}.{type}", f"mlp{width}", kind, 1 << power, type,
                                    urgency=0 if (type, power) == ("bfloat16", 20) else 1))
    for net in ("lenet", "mlp784"):
        for batch in (64, 256, 32, 1024):
            rows.append(Row("classifiers", net, "training", batch, urgency=0 if batch in (64, 1024) else 1))
            rows.append(Row("classifiers", net, "host", batch, urgency=0 if batch == 64 else 2))
    for batch in (128, 64):
        rows.append(Row("resnet18", "resnet18", "training", batch, urgency=0))
        rows.append(Row("resnet18", "resnet18", "host", batch, urgency=2))
    return sorted(rows, key=lambda r: r.urgency)


# errors after which a process can use the GPU no more; and those of a full memory
fatal = re.compile(r"cudaError(Illegal|Launch|Misaligned|HardwareStack|InvalidPc|Assert|Unknown)|illegal memory|"
                   r"misaligned address|unspecified launch|device-side assert")
full = re.compile(r"not enough memory|out of memory|OutOfMemory", re.IGNORECASE)
quick_rows = re.compile(r"copy|matrix|bias_gelu|layer_norm |softmax |adam|mlp(64|128) .* 131072|lenet training 64"
                        r"|mlp784 host 64|resnet18 training 64$")


class Stop(Exception):
    """Why nothing can be measured."""


class Dead(Exception):
    """A worker died, or took too long."""


class Clock:
    def __init__(self, budget):
        self.start, self.budget = time.monotonic(), budget

    def spent(self):
        return time.monotonic() - self.start

    def left(self):
        return self.budget - self.spent()


class Worker:
    """A process that answers requests; started when it is first asked, and again after it died."""

    def __init__(self, command):
        self.command, self.process = command, None

    def ask(self, request, timeout=120):
        if self.process is None or self.process.poll() is not None:
            self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            self.lines = queue.Queue()
            threading.Thread(target=self.pump, args=(self.process, self.lines), daemon=True).start()
        try:
            self.process.stdin.write(request + "\n")
            self.process.stdin.flush()
        except OSError:
            pass  # it is dead, which its output tells
        answers, end = [], time.monotonic() + timeout
        while True:
            try:
                line = self.lines.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                self.stop()
                raise Dead(f"no answer to '{request}' in {timeout:.0f} s") from None
            if line is None:
                raise Dead(f"ended with {self.process.wait()} at '{request}'")
            try:
                answer = json.loads(line)
            except ValueError:
                continue  # something a library prints
            if not isinstance(answer, dict):
                continue
            if answer.get("done"):
                return answers
            answers.append(answer)

    @staticmethod
    def pump(process, lines):
        for line in process.stdout:
            lines.put(line)
        lines.put(None)

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process = None


# ---- building -------------------------------------------------------------------------------------------------------
def find_nvcc():
    for place in (shutil.which("nvcc"), os.path.join(os.environ.get("CUDA_PATH", "/usr/local/cuda"), "bin", "nvcc")):
        if place and os.access(place, os.X_OK):
            return place
    raise Stop("there is no nvcc on PATH or in CUDA_PATH/bin: nothing can be built")


def gpu_name():
    try:
        found = subprocess.run(["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"],
                               capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        found = None
    if found is None or found.returncode or not found.stdout.strip():
        raise Stop("there is no GPU here (nvidia-smi finds none): nothing can be timed; "
                   "--build-only builds, --twin tries the script with the host's twin")
    return ", driver ".join(found.stdout.strip().splitlines()[0].split(", "))


def compiler_of(options, twin):
    if twin:
        return ["g++", "-O3", "-x", "c++"], []
    arch = options.arch
    return [find_nvcc(), "-O3", "--expt-relaxed-constexpr", "-diag-suppress", "20012",
            "-gencode", f"arch=compute_{arch},code=sm_{arch}"], ["-lcublasLt"]


def fingerprint(command):
    """Of all that a program is made from."""
    digest = hashlib.sha256(repr(command).encode())
    for path in sorted([*(root / "include").rglob("*.*"), *here.glob("*.cu"), *here.glob("*.hpp")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def build(name, options, twin):
    """A program's path, made if anything has changed; and seconds of the compiler."""
    source, defines = programs()[name]
    folder = root / "build" / ("bench_device_twin" if twin else "bench_device")
    folder.mkdir(parents=True, exist_ok=True)
    compiler, libraries = compiler_of(options, twin)
    path, mark = folder / name, folder / f"{name}.made"
    command = [*compiler, "-std=c++20", f"-I{root}/include", *defines, str(here / source), *libraries, "-o", str(path)]
    made = fingerprint(command)
    if path.exists() and mark.exists() and mark.read_text() == made:
        return path, 0.0
    start = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise Stop(f"{source} does not compile:\n" + "\n".join((done.stderr or done.stdout).splitlines()[:30]))
    mark.write_text(made)
    return path, time.monotonic() - start


def reference(name, options):
    """The file of a program's reference numbers, the same for all types. Its host's twin computes them, while nvcc is
    still at work."""
    path, seconds = build(name, options, True)
    numbers, mark = path.with_suffix(".numbers"), path.with_suffix(".numbers_of")
    of = path.with_suffix(".made").read_text()
    if numbers.exists() and mark.exists() and mark.read_text() == of:
        return numbers
    done = subprocess.run([str(path), "reference", str(numbers)], capture_output=True, text=True)
    if done.returncode:
        raise Stop(f"{name} cannot compute its reference: {done.stderr.strip()}")
    mark.write_text(of)
    return numbers


def build_all(names, options):
    """For each name the program, the compiler's seconds, and the reference's numbers."""
    jobs = options.jobs or os.cpu_count() or 1
    slow = sorted(names, key=lambda n: ["resnet18", "classifiers"].index(n) if n in ("resnet18", "classifiers") else 9)
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        numbers = {n: pool.submit(reference, n, options) for n in {n.split(".")[0] for n in slow}}
        made = {n: pool.submit(build, n, options, options.twin) for n in slow if not options.twin or n not in numbers}
        concurrent.futures.wait([*numbers.values(), *made.values()])
        found = {n: numbers[n.split(".")[0]].result() for n in slow}
        return {n: (*(build(n, options, True) if options.twin else made[n].result()), found[n]) for n in slow}


# ---- checking and timing --------------------------------------------------------------------------------------------
class Bench:
    def __init__(self, options, rows, clock):
        self.options, self.rows, self.clock = options, rows, clock
        self.weft, self.notes, self.checks, self.failed = {}, [], [], set()
        self.peers = Worker(shlex.split(options.peers) if options.peers else [sys.executable, str(here / "peers.py")])
        self.version, self.peers_work = "", True

    def note(self, text):
        self.notes.append(text)
        print(text, file=sys.stderr, flush=True)

    def ask_version(self):
        try:
            for a in self.peers.ask("version", 120):
                self.version = a.get("version", self.version)
        except Dead as e:
            self.peers_work = False
            self.note(f"PyTorch does not run here ({e}): no row is compared")

    def warm_compiler(self, until):
        """torch.compile keeps what it made on disk; the GPU has nothing else to do while weft is built."""
        mode = next((m for p in self.options.passes for m in p if m in ("compile", "autotune")), None)
        for row in self.rows:
            if until.is_set() or not self.peers_work or not mode:
                return
            if row.kind in ("copy", "matrix", "adam", "host"):
                continue
            try:
                self.peers.ask(f"prepare {row.typed_net} {row.kind} {row.size} {mode}", 90)
            except Dead:
                pass

    def make_programs(self):
        names = list(dict.fromkeys(r.program for r in self.rows))
        if self.options.weft:
            self.weft = {n: Worker(shlex.split(self.options.weft) + [n]) for n in names}
            self.reference = {n: os.devnull for n in names}
            self.ask_version()
            return
        done = threading.Event()

        def warm():
            self.ask_version()
            self.warm_compiler(done)
        warming = threading.Thread(target=warm)
        if not self.options.build_only:
            warming.start()
        try:
            built = build_all(names, self.options)
        finally:
            done.set()
            if not self.options.build_only:
                warming.join()
        self.note("compiled in " + ", ".join(f"{n} {s:.0f} s" for n, (_, s, _) in built.items())
                  + f"; {self.clock.spent():.0f} s in all")
        self.weft = {n: Worker([str(path)]) for n, (path, _, _) in built.items()}
        self.reference = {n: str(numbers) for n, (_, _, numbers) in built.items()}

    def check(self):
        for name, worker in self.weft.items():
            try:
                answers = worker.ask(f"check {self.reference[name]}", 120)
            except Dead as e:
                answers = [{"error": str(e)}]
            for a in answers:
                if "check" not in a and "error" not in a:
                    continue
                if "error" in a:
                    a = {"check": "the program", "ok": False, "why": a["error"]}
                    worker.stop()
                self.checks.append((name, a))
                if not a["ok"]:
                    a.setdefault("why", f"{a.get('difference')} is above {a.get('limit')}")
                    # the operation, or the network and its way, or everything
                    parts = a["check"].split(", ")
                    self.failed.add((name, None if parts[0] == "the program" else parts[0],
                                     None if name == "memory" or len(parts) < 2 else parts[1]))
                    self.note(f"CHECK FAILED: {name}: {a['check']}: {a['why']}")

    def is_failed(self, row, way="policy"):
        net = row.kind if row.program == "memory" else "mlp" if row.program.startswith("mlp") else row.net
        return bool({(row.program, None, None), (row.program, net, None), (row.program, net, way)} & self.failed)

    def collect(self, row, prefix, answers):
        for a in answers:
            if "ms" in a:
                row.samples[prefix + a["way"]].append(a["ms"])
            elif "error" in a:
                row.errors[prefix + a.get("way", "")] = a["error"]
            elif "parameters" in a:
                if prefix:
                    ours = row.facts.get("parameters")
                    if row.net != "memory" and a["parameters"] not in (None, ours) and ours:
                        row.errors["pytorch "] = f"its network has {a['parameters']} parameters, weft's {ours}"
                        self.failed.add((row.program, row.name, "parameters"))
                else:
                    row.facts.update(a)

    def prepare(self, row, prefix, worker, names):
        """Asks for these ways or modes; without one that leaves the GPU in ruins, in a fresh process."""
        for _ in range(3):
            limit = max(15, min(120, self.clock.left() + 15))
            answers = worker.ask(f"prepare {row.typed_net} {row.kind} {row.size} {','.join(names)}", limit)
            self.collect(row, prefix, answers)
            ruins = [a.get("way") for a in answers if fatal.search(a.get("error", ""))]
            if not ruins:
                return
            worker.stop()
            names = [n for n in names if n != ruins[0]] if ruins[0] else []
            if not names:
                return

    def time_together(self, row, sides):
        """Prepares the sides' ways, takes samples in turn, gives the memory back."""
        ms, rounds = (1, 2) if self.options.twin else (12, 3) if self.options.quick else (15, 7)
        live = []
        for prefix, worker, names in sides:
            try:
                self.prepare(row, prefix, worker, names)
                live.append((prefix, worker))
            except Dead as e:
                row.errors[prefix] = str(e)
        for turn in range(rounds):
            for side in live if turn % 2 == 0 else live[::-1]:
                try:
                    answers = side[1].ask(f"time {ms}", 60)
                    self.collect(row, side[0], answers)
                    if any(fatal.search(a.get("error", "")) for a in answers):
                        raise Dead(next(a["error"] for a in answers if "error" in a))
                except Dead as e:
                    row.errors[side[0]] = str(e)
                    side[1].stop()
                    live = [x for x in live if x is not side]
        for _, worker in live:
            try:
                worker.ask("drop", 30)
            except Dead:
                pass

    def time_row(self, row, modes):
        sides = [("", self.weft[row.program], ways)] + ([("pytorch ", self.peers, modes)] if self.peers_work else [])
        self.time_together(row, sides)
        row.tried += modes
        # What found too little memory beside all others may run alone.
        for prefix, worker, names in sides:
            for name in names:
                if full.search(row.errors.get(prefix + name, "")):
                    before = row.errors.pop(prefix + name)
                    self.time_together(row, [(prefix, worker, [name])])
                    if not row.samples.get(prefix + name):
                        row.errors.setdefault(prefix + name, before)

    def time_all(self):
        for number, modes in enumerate(self.options.passes):
            costs = []
            for row in self.rows:
                if number > 0 and (row.kind in ("copy", "matrix", "adam") or not row.median("policy")
                                               or not self.peers_work):
                    continue
                expected = 1.5 * statistics.mean(costs) if costs else 5
                if self.clock.left() < expected:
                    continue
                start = time.monotonic()
                self.time_row(row, modes)
                costs.append(time.monotonic() - start)
                peer, mode = row.best_peer()
                print(f"[{self.clock.spent():4.0f} s] {row.name}: weft {shown(row.median('policy') or row.median('driver'))} ms, "
                      f"PyTorch {shown(peer)} ms {mode} {row.errors or ''}", file=sys.stderr, flush=True)

    def stop(self):
        for worker in [*self.weft.values(), self.peers]:
            worker.stop()


# ---- the tables -----------------------------------------------------------------------------------------------------
def shown(x, digits=3):
    return "-" if x is None else f"{x:.{digits}g}" if x < 1000 else f"{x:.0f}"


def bandwidth(row, ms):
    return None if ms is None or not row.facts.get("bytes") else row.facts["bytes"] / ms * 1e-6


def find(rows, kind):
    return next((r for r in rows if r.net == "memory" and r.kind == kind), None)


def verdict(part, target, failed):
    return "**check failed**" if failed else "not compared" if part is None else "met" if part >= target else "**not met**"


def tables(bench):
    rows, lines = [r for r in bench.rows if r.samples], []
    copy, chain, matrix = (find(rows, k) for k in ("copy", "copy_chain", "matrix"))
    top = bandwidth(copy, copy.median("driver")) if copy else None
    rate = matrix.facts["flops"] / matrix.median("cublasLt") * 1e-9 if matrix and matrix.median("cublasLt") else None
    own = matrix.facts["flops"] / matrix.median("policy") * 1e-9 if matrix and matrix.median("policy") else None
    peer = matrix.best_peer()[0] if matrix else None
    lines += ["## Ceilings", "", "| | |", "|---|---|",
              f"| copy by the driver | {shown(top, 4)} GB/s |",
              f"| copy by weft's chain of no steps | {shown(bandwidth(chain, chain.median('policy')) if chain else None, 4)} GB/s |",
              f"| product of side {matrix.size if matrix else 8192}, cuBLASLt | {shown(rate)} TFLOP/s |",
              f"| the same, weft's own kernel | {shown(own)} TFLOP/s |",
              f"| the same, PyTorch | {shown(matrix.facts['flops'] / peer * 1e-9 if peer else None)} TFLOP/s |", ""]
    nets = [r for r in rows if r.net != "memory"]
    if nets:
        lines += ["## Networks", "", "Milliseconds of a step. The floor is the time of a step's bytes at the copy's "
                  "bandwidth or of its products at cuBLASLt's rate, whichever is longer.", "",
                  "| network | what | batch | type | weft::cuda | best other way | PyTorch | its mode | ratio | target | | floor / weft |",
                  "|---|---|---|---|---|---|---|---|---|---|---|---|"]
        for r in sorted(nets, key=lambda r: bench.order[id(r)]):
            lines.append(network_line(bench, r, top, rate))
        lines.append("")
    memory = [r for r in rows if r.net == "memory" and r.kind not in ("copy", "matrix")]
    if memory:
        lines += ["## Operations bound by memory", "", "GB/s, counting each number that must be read or written once.", "",
                  "| operation | type | weft::cuda | of the copy | target | | PyTorch | its mode | PyTorch / weft, time |",
                  "|---|---|---|---|---|---|---|---|---|"]
        for r in sorted(memory, key=lambda r: bench.order[id(r)]):
            ms, (other, mode) = r.median("policy"), r.best_peer()
            part = bandwidth(r, ms) / top if ms and top else None
            lines.append(f"| {r.kind} | {r.type} | {shown(bandwidth(r, ms), 4)} | {shown(part)} | {targets['memory']} | "
                         f"{verdict(part, targets['memory'], bench.is_failed(r))} | "
                         f"{shown(bandwidth(r, other), 4)} | {mode or '-'} | {shown(other / ms if ms and other else None)} |")
        lines.append("")
    return lines + details(bench, nets + memory) + remarks(bench)


def network_line(bench, r, top, rate):
    ms, (other, mode) = r.median("policy"), r.best_peer()
    others = [(r.median(w), w) for w in ways[1:] if r.median(w) and not bench.is_failed(r, w)]
    best, way = min(others) if others else (None, "")
    target = targets["resnet18" if "resnet" in r.program else "mlp" if r.program.startswith("mlp") else "small"]
    ratio = other / ms if ms and other else None
    floor = max((r.facts.get("bytes") or 0) / top * 1e-6 if top else 0, (r.facts.get("flops") or 0) / rate * 1e-9 if rate else 0)
    text = verdict(ratio, target, bench.is_failed(r))
    if ratio is not None and ratio < target and best and other / best >= target and not bench.is_failed(r):
        text += f", {way} would be"
    what = "training, from the host" if r.kind == "host" else r.kind
    return (f"| {r.net} | {what} | {r.size} | {r.type} | {shown(ms)} | {shown(best) + ' ' + way if best else '-'} | "
            f"{shown(other)} | {mode or '-'} | {shown(ratio)} | {target} | {text} | "
            f"{shown(floor / ms if ms and floor and r.kind != 'host' else None)} |")


def details(bench, rows):
    columns = ways + [m for p in passes for m in p]
    lines = ["## Every way and mode", "", "Medians in milliseconds; for weft::cuda with the range of its samples. `-` was not tried or cannot be.",
             "", "| row | " + " | ".join(columns) + " |", "|---|" + "---|" * len(columns)]
    for r in sorted(rows, key=lambda r: bench.order[id(r)]):
        cells = [shown(r.median(c if c in ways else "pytorch " + c)) for c in columns]
        if r.samples.get("policy"):
            cells[0] += f" ({shown(min(r.samples['policy']))} to {shown(max(r.samples['policy']))})"
        lines.append(f"| {r.name} | " + " | ".join(cells) + " |")
    return lines + [""]


def remarks(bench):
    bad = [c for c in bench.checks if not c[1]["ok"]]
    lines = ["## Checks", "", f"{len(bench.checks) - len(bad)} of {len(bench.checks)} comparisons with the reference in "
             "double are within their limits: " + (", ".join(sorted({n for n, _ in bench.checks})) or "none was made") + "."]
    lines += [f"- **failed**: {n}: {c['check']}: {c['why']}" for n, c in bad]
    skipped = [r.name for r in bench.rows if not r.samples and not r.tried]
    if skipped:
        lines += ["", "Skipped, since the time budget was spent: " + ", ".join(skipped) + "."]
    if bench.peers_work and not bench.options.twin:
        for modes in bench.options.passes[1:]:
            left = [r.name for r in bench.rows if r.median("policy") and modes[0] not in r.tried and r.kind not in ("copy", "matrix", "adam")]
            if left:
                lines += ["", f"PyTorch without `{modes[0]}`, since the time budget was spent: " + ", ".join(left) + "."]
    errors = [f"- {r.name}, {who or 'weft'}: {text}" for r in bench.rows for who, text in r.errors.items()]
    if errors:
        lines += ["", "What did not run:", *errors]
    return lines


def write(bench, gpu):
    head = ["# What weft costs a GPU", "", f"Made by `bench/device/run.py` in {bench.clock.spent():.0f} s. {gpu}; "
            f"PyTorch {bench.version or 'not run'}, TF32 off. Inputs are random and, but for rows from the host, in the GPU's "
            "memory; small batches stay in its cache, for both.", ""]
    text = "\n".join(head + tables(bench)) + "\n"
    print(text, flush=True)
    if bench.options.write:
        pathlib.Path(bench.options.write).write_text(text)
    if bench.options.json:
        pathlib.Path(bench.options.json).write_text(json.dumps({
            "gpu": gpu, "pytorch": bench.version, "notes": bench.notes, "checks": bench.checks,
            "rows": [dict(vars(r), name=r.name) for r in bench.rows]}, indent=1) + "\n")


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", metavar="FILE", help="also write the tables there")
    parser.add_argument("--json", metavar="FILE", help="also write all samples there")
    parser.add_argument("--quick", action="store_true", help="a few rows, fewer samples, no autotuning")
    parser.add_argument("--only", metavar="NAME", action="append", help="rows whose name (such as 'mlp64 training 131072') "
                        "has this in it, a regular expression; can be repeated. The ceilings are always measured")
    parser.add_argument("--modes", metavar="M,M", help="PyTorch's modes, in one pass: of " + ", ".join(sum(passes, [])))
    parser.add_argument("--arch", default="90", help="the GPU's generation, for nvcc (default: 90)")
    parser.add_argument("--budget", type=float, default=540, help="seconds for everything (default: 540)")
    parser.add_argument("--jobs", type=int, help="compilers at a time (default: one for each core)")
    parser.add_argument("--list", action="store_true", help="only list the rows")
    parser.add_argument("--build-only", action="store_true", help="only build, also without a GPU")
    parser.add_argument("--twin", action="store_true", help="tries the script without a GPU: g++, the host's twin of the "
                        "kernels, tiny sizes, PyTorch on the CPU. Checks count; times mean nothing")
    parser.add_argument("--weft", metavar="COMMAND", help="another program in place of all of weft's, to test the script")
    parser.add_argument("--peers", metavar="COMMAND", help="another program in place of peers.py")
    options = parser.parse_args()
    options.passes = passes[:1] if options.twin else passes[:2] if options.quick else passes
    if options.modes:
        options.passes = [options.modes.split(",")]
        if unknown := set(options.passes[0]) - set(sum(passes, [])):
            parser.error("no such mode: " + ", ".join(unknown))
    return options


def main():
    options, clock = parse(), None
    clock = Clock(options.budget)
    rows = all_rows()
    if options.quick:
        rows = [r for r in rows if quick_rows.search(r.name + ("" if r.net != "memory" else " "))]
    if options.only:
        rows = [r for r in rows if any(re.search(o, r.name) for o in options.only)
                or (not options.twin and r.kind in ("copy", "copy_chain", "matrix"))]
    if options.twin:
        for row in rows:
            row.size = min(row.size, 65536 if row.net == "memory" else 64)
    if options.list:
        print("\n".join(r.name for r in rows))
        return 0
    bench = Bench(options, rows, clock)
    places = [*programs(), *operations, "inference", "training", "host"]
    bench.order = {id(r): (places.index(r.program.split(".")[0]), r.net, r.type, places.index(r.kind) if r.kind in places else 0, r.size)
                   for r in rows}
    try:
        faked = options.weft or options.twin or options.build_only
        if not options.weft and not options.twin:
            find_nvcc()
        gpu = "No GPU: times mean nothing" if faked else gpu_name()
        bench.make_programs()
        if options.build_only:
            return 0
        try:
            bench.check()
            bench.time_all()
        except KeyboardInterrupt:
            bench.note("interrupted: the tables hold what was measured")
        write(bench, gpu)
        broken = [r for r in rows if "" in r.errors or "policy" in r.errors]
        return 1 if bench.failed or broken else 0
    except Stop as e:
        print(f"bench/device: {e}", file=sys.stderr)
        return 2
    finally:
        bench.stop()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
