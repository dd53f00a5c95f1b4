#!/usr/bin/env python3
"""The rule of the house: a file includes only lower floors and, on its own floor, its own folder."""
import pathlib
import re
import sys

include_dir = pathlib.Path(__file__).resolve().parent.parent / "include" / "weft"

FLOORS = {"core": 1, "lang": 2, "graph": 3, "backend": 4}  # then model.hpp and its neighbours, then the rest
ROOM_OF_MODEL, TOP, FRONT_DOOR = 5, 6, 7
FRONT_DOORS = {"weft.hpp", "thrust.hpp", "cuda.hpp", "mpi.hpp", "nccl.hpp", "onnx.hpp"}
# On the top floor each folder is usable alone, but for these: (folder, folder it may include).
EXCEPTIONS = {
    ("train", "data"),     # fit takes a dataset, and evaluate reads one in batches
    ("train", "metrics"),  # evaluate returns accuracies
    ("train", "io"),       # callbacks write files
}
SHARED_BY_BACKENDS = ("reference", "device")  # what operations mean; memory that is not the host's
BACKEND_NAMES = re.compile(r"\b(reference|cpu|thrust|cuda)\b(?=\s*(::|<|\{))|\bEigen\b")


def floor(path):
    parts = pathlib.PurePosixPath(path).parts
    if path == "config.hpp":
        return 0
    if len(parts) == 1:
        return FRONT_DOOR if path in FRONT_DOORS else ROOM_OF_MODEL
    return FLOORS.get(parts[0], TOP)


def folder(path):
    return path.split("/")[0] if "/" in path else ""


def complaint(path, included):
    """Why `path` must not include `included` (both relative to include/weft), or None."""
    here, there = floor(path), floor(included)
    if there > here:
        return f"floor {here} includes floor {there}"
    if there < here:
        return None
    if folder(path) != folder(included) and (folder(path), folder(included)) not in EXCEPTIONS:
        return "another folder on the same floor"
    if folder(path) == "backend":
        ours, theirs = path.split("/")[1:-1], included.split("/")[1:-1]
        if not ours and theirs:
            return "what all backends share includes one of them"
        if theirs and theirs[0] != ours[0] and (theirs[0] not in SHARED_BY_BACKENDS or ours[0] in SHARED_BY_BACKENDS):
            return "a backend includes another backend"
    return None


def problems_of(path, text):
    for number, line in enumerate(text.splitlines(), 1):
        where = f"include/weft/{path}:{number}"
        match = re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', line)
        if match:
            target = match[2]
            if match[1] == '"':
                target = (include_dir / path).parent.joinpath(target).resolve()
                if not target.is_file() or include_dir not in target.parents:
                    yield f"{where}: includes {match[2]}, which is not a file of weft"
                    continue
                target = target.relative_to(include_dir).as_posix()
                if complaint(path, target):
                    yield f"{where}: includes {target}: {complaint(path, target)}"
            elif target.startswith("weft/"):
                yield f"{where}: inside weft, includes are relative"
        elif folder(path) in ("lang", "graph") and BACKEND_NAMES.search(line.split("//")[0]):
            yield f"{where}: {folder(path)}/ names no backend: {line.strip()}"


def check_the_checker():
    for path, included, allowed in [
        ("lang/dense.hpp", "core/shape.hpp", True),
        ("lang/layers/dense.hpp", "lang/options.hpp", True),
        ("lang/dense.hpp", "graph/record.hpp", False),
        ("core/shape.hpp", "config.hpp", True),
        ("graph/plan.hpp", "model.hpp", False),
        ("backend/cpu/gemm.hpp", "backend/reference/gemm.hpp", True),
        ("backend/cpu/gemm.hpp", "backend/policy.hpp", True),
        ("backend/cuda/gemm.hpp", "backend/device/memory.hpp", True),
        ("backend/device/memory.hpp", "backend/cuda/gemm.hpp", False),
        ("backend/reference/gemm.hpp", "backend/device/memory.hpp", False),
        ("backend/cpu/gemm.hpp", "backend/thrust/gemm.hpp", False),
        ("backend/policy.hpp", "backend/cpu/gemm.hpp", False),
        ("model.hpp", "program.hpp", True),
        ("model.hpp", "train/fit.hpp", False),
        ("train/fit.hpp", "data/dataset.hpp", True),
        ("data/dataset.hpp", "train/fit.hpp", False),
        ("io/load.hpp", "model.hpp", True),
        ("weft.hpp", "train/fit.hpp", True),
        ("train/fit.hpp", "weft.hpp", False),
    ]:
        if (complaint(path, included) is None) != allowed:
            sys.exit(f"layering_test is wrong itself: {path} -> {included}")
    if not list(problems_of("lang/x.hpp", "weft::cpu<float> p;")) or list(problems_of("lang/x.hpp", "// cpu<float>")):
        sys.exit("layering_test is wrong itself: names of backends")


check_the_checker()
files = sorted(p.relative_to(include_dir).as_posix() for p in include_dir.rglob("*") if p.suffix in (".hpp", ".cuh"))
problems = [p for path in files for p in problems_of(path, (include_dir / path).read_text())]
print("\n".join(problems + [f"{len(files)} files, {len(problems)} problems"]))
sys.exit(1 if problems or not files else 0)
