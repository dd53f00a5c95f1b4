#!/usr/bin/env python3
"""Exchanges files between weft and the safetensors package, both ways.

    python3 tests/io/interop.py TEST_PROGRAM

TEST_PROGRAM holds the test cases of tests/io. Exit status 77 means skipped: safetensors or NumPy is missing.
With PyTorch there too, half precision, bfloat16 and a state_dict are exchanged as well.
"""

import os
import subprocess
import sys
import tempfile

try:
    import numpy
    import safetensors
    import safetensors.numpy
except ImportError as missing:
    print(f"SKIPPED: {missing}; pip install safetensors numpy")
    sys.exit(77)
try:
    import safetensors.torch
    import torch
except ImportError as missing:
    torch = None
    print(f"PARTLY SKIPPED: {missing}; nothing of PyTorch is exchanged")

SHAPES = {"0.weight": (4, 3), "0.bias": (4,), "scale": ()}


def values(shape, dtype):
    count = int(numpy.prod(shape))
    flat = [(i + 1) / 8 * (1 if i % 2 == 0 else -1) for i in range(count)]
    return numpy.array(flat, dtype=dtype).reshape(shape)


def write(folder):
    for name in ("float16", "float32", "float64"):
        tensors = {key: values(shape, name) for key, shape in SHAPES.items()}
        safetensors.numpy.save_file(tensors, os.path.join(folder, f"python_numpy_{name}.safetensors"))
    if torch is None:
        return
    for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        tensors = {key: torch.tensor(values(shape, "float64")).to(dtype) for key, shape in SHAPES.items()}
        tensors["1.num_batches_tracked"] = torch.tensor(3)
        name = str(dtype).removeprefix("torch.")
        safetensors.torch.save_file(
            tensors, os.path.join(folder, f"python_torch_{name}.safetensors"), metadata={"format": "pt", "é": "€"}
        )


def read(folder):
    for name in ("f32", "f64"):
        path = os.path.join(folder, f"weft_{name}.safetensors")
        dtype = {"f32": "float32", "f64": "float64"}[name]
        tensors = safetensors.numpy.load_file(path)
        assert set(tensors) == set(SHAPES), tensors.keys()
        for key, shape in SHAPES.items():
            assert tensors[key].dtype == dtype, (key, tensors[key].dtype)
            assert tensors[key].shape == shape, (key, tensors[key].shape)
            assert (tensors[key] == values(shape, dtype)).all(), (key, tensors[key])
        with safetensors.safe_open(path, framework="numpy") as file:
            metadata = file.metadata()
        assert metadata["format"] == "pt", metadata
        if name == "f64":
            assert metadata['tab\t"quote"'] == "€", metadata
        if torch is not None:
            layer = torch.nn.Sequential(torch.nn.Linear(3, 4))
            state = safetensors.torch.load_file(path)
            assert state.pop("scale").item() == 0.125
            layer.load_state_dict(state)
            assert layer[0].weight[3, 2].item() == -1.5


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        write(folder)
        environment = dict(os.environ, WEFT_INTEROP_DIR=folder)
        subprocess.run([sys.argv[1], "[interop]"], env=environment, check=True)
        read(folder)
    print(f"safetensors {safetensors.__version__}: both ways agree" + ("" if torch is None else ", PyTorch too"))


if __name__ == "__main__":
    main()
