#!/usr/bin/env python3
"""Writes optimizers.txt and schedules.txt beside this file: what PyTorch computes, for the tests of weft/train.

Needs torch (pip install torch). Each optimizer runs ten steps on given gradients, twice: in float64 with the
hyperparameters rounded to float (weft keeps them so), and in float32 with the decimals that a user types.
"""
import math
import pathlib
import warnings

import torch

HERE = pathlib.Path(__file__).resolve().parent
PARAMETERS, STEPS = 6, 10

CASES = {
    "sgd": (torch.optim.SGD, dict(lr=0.01)),
    "sgd_decay": (torch.optim.SGD, dict(lr=0.05, weight_decay=0.1)),
    "sgd_momentum": (torch.optim.SGD, dict(lr=0.01, momentum=0.9)),
    "sgd_dampening": (torch.optim.SGD, dict(lr=0.02, momentum=0.8, dampening=0.3, weight_decay=0.01)),
    "sgd_nesterov": (torch.optim.SGD, dict(lr=0.01, momentum=0.9, weight_decay=0.05, nesterov=True)),
    "adam": (torch.optim.Adam, dict()),
    "adam_decay": (torch.optim.Adam, dict(lr=0.01, weight_decay=0.1)),
    "adam_all": (torch.optim.Adam, dict(lr=0.02, betas=(0.8, 0.95), eps=0.01)),
    "adamw": (torch.optim.AdamW, dict()),
    "adamw_decay": (torch.optim.AdamW, dict(lr=0.02, weight_decay=0.3)),
    "rmsprop": (torch.optim.RMSprop, dict()),
    "rmsprop_momentum": (torch.optim.RMSprop, dict(lr=0.005, alpha=0.9, momentum=0.7)),
    "rmsprop_centered": (torch.optim.RMSprop, dict(lr=0.005, centered=True)),
    "rmsprop_all": (torch.optim.RMSprop, dict(lr=0.002, alpha=0.95, eps=0.001, weight_decay=0.1, momentum=0.5,
                                              centered=True)),
}


def start(i):
    return (-1) ** i * (0.25 + 0.5 * i)


def gradient(step, i):
    """Smooth, of both signs, of sizes from 1e-3 to 10; exact in float after rounding."""
    return math.sin(1.3 * step + 0.7 * i + 0.4) * 10.0 ** (i - 3 if i < 5 else 0)


def as_float(value):
    if isinstance(value, bool):
        return value
    if isinstance(value, tuple):
        return tuple(as_float(v) for v in value)
    return float(torch.tensor(value, dtype=torch.float32))


def row(values):
    return " ".join(repr(float(v)) for v in values)


def run(kind, options, dtype):
    if dtype == torch.float64:
        defaults = {k: v for k, v in kind([torch.zeros(1)]).defaults.items()
                    if k in ("lr", "betas", "eps", "alpha", "weight_decay", "momentum", "dampening")}
        options = {k: as_float(v) for k, v in {**defaults, **options}.items()}
    parameter = torch.tensor([as_float(start(i)) for i in range(PARAMETERS)], dtype=dtype, requires_grad=True)
    optimizer = kind([parameter], **options)
    for step in range(1, STEPS + 1):
        parameter.grad = torch.tensor([as_float(gradient(step, i)) for i in range(PARAMETERS)], dtype=dtype)
        optimizer.step()
        yield row(parameter.detach())


def optimizers():
    yield f"# make_optimizer_golden.py, torch {torch.__version__.split('+')[0]}"
    yield f"size {PARAMETERS} {STEPS}"
    yield "start " + row(as_float(start(i)) for i in range(PARAMETERS))
    for step in range(1, STEPS + 1):
        yield "gradient " + row(as_float(gradient(step, i)) for i in range(PARAMETERS))
    for name, (kind, options) in CASES.items():
        yield f"case {name}"
        for dtype in (torch.float64, torch.float32):
            for line in run(kind, options, dtype):
                yield f"{str(dtype)[6:]} {line}"


def factors(make, steps):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = make(optimizer)
    for _ in range(steps):
        yield optimizer.param_groups[0]["lr"]
        scheduler.step()


def schedules():
    lr = torch.optim.lr_scheduler
    yield f"# make_optimizer_golden.py, torch {torch.__version__.split('+')[0]}: factors of steps 0, 1, ..."
    yield "step_decay " + row(factors(lambda o: lr.StepLR(o, 3, 0.5), 10))
    yield "cosine " + row(factors(lambda o: lr.CosineAnnealingLR(o, 8, 0.1), 9))
    for name, total, options in (
            ("one_cycle", 20, dict()),
            ("one_cycle_linear", 15, dict(pct_start=0.4, anneal_strategy="linear", div_factor=10.0)),
            ("one_cycle_three_phase", 21, dict(three_phase=True, final_div_factor=100.0)),
            ("one_cycle_short", 2, dict())):
        yield f"{name} " + row(factors(lambda o: lr.OneCycleLR(o, 1.0, total_steps=total, cycle_momentum=False,
                                                               **options), total))


def main():
    warnings.simplefilter("ignore")
    (HERE / "optimizers.txt").write_text("\n".join(optimizers()) + "\n")
    (HERE / "schedules.txt").write_text("\n".join(schedules()) + "\n")


if __name__ == "__main__":
    main()
