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


class Lamb(torch.optim.Optimizer):
    """As in the paper (You et al., 2020), with Adam's bias corrections; PyTorch has none."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-6, weight_decay=1e-2):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            (beta1, beta2), lr = group["betas"], group["lr"]
            for p in group["params"]:
                state = self.state[p]
                if not state:
                    state.update(step=0, m=torch.zeros_like(p), v=torch.zeros_like(p))
                state["step"] += 1
                m = state["m"].mul_(beta1).add_(p.grad, alpha=1 - beta1)
                v = state["v"].mul_(beta2).addcmul_(p.grad, p.grad, value=1 - beta2)
                m_hat, v_hat = m / (1 - beta1 ** state["step"]), v / (1 - beta2 ** state["step"])
                u = m_hat / (v_hat.sqrt() + group["eps"]) + group["weight_decay"] * p
                p_norm, u_norm = p.norm(), u.norm()
                p.sub_(lr * (p_norm / u_norm if p_norm > 0 and u_norm > 0 else 1) * u)


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
    "adagrad": (torch.optim.Adagrad, dict()),
    "adagrad_all": (torch.optim.Adagrad, dict(lr=0.1, lr_decay=0.2, weight_decay=0.1, initial_accumulator_value=0.5,
                                              eps=0.001)),
    "nadam": (torch.optim.NAdam, dict()),
    "nadam_decay": (torch.optim.NAdam, dict(lr=0.01, betas=(0.8, 0.95), weight_decay=0.1, momentum_decay=0.5)),
    "nadam_decoupled": (torch.optim.NAdam, dict(lr=0.01, weight_decay=0.1, decoupled_weight_decay=True)),
    "radam": (torch.optim.RAdam, dict()),
    "radam_decay": (torch.optim.RAdam, dict(lr=0.01, betas=(0.8, 0.95), weight_decay=0.1)),
    "radam_decoupled": (torch.optim.RAdam, dict(lr=0.01, weight_decay=0.1, decoupled_weight_decay=True)),
    "amsgrad": (torch.optim.Adam, dict(amsgrad=True)),
    "amsgrad_decay": (torch.optim.Adam, dict(lr=0.01, betas=(0.8, 0.6), weight_decay=0.1, amsgrad=True)),
    "amsgrad_decoupled": (torch.optim.AdamW, dict(lr=0.01, betas=(0.8, 0.6), weight_decay=0.1, amsgrad=True)),
    "lamb": (Lamb, dict()),
    "lamb_decay": (Lamb, dict(lr=0.01, betas=(0.8, 0.95), eps=0.01, weight_decay=0.3)),
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
    torch.set_default_dtype(dtype)  # of what NAdam keeps beside the parameters
    if dtype == torch.float64:
        defaults = {k: v for k, v in kind([torch.zeros(1)]).defaults.items()
                    if k in ("lr", "betas", "eps", "alpha", "weight_decay", "momentum", "dampening", "lr_decay",
                             "initial_accumulator_value", "momentum_decay")}
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
    torch.set_default_dtype(torch.float32)
    lr = torch.optim.lr_scheduler
    yield f"# make_optimizer_golden.py, torch {torch.__version__.split('+')[0]}: factors of steps 0, 1, ..."
    yield "step_decay " + row(factors(lambda o: lr.StepLR(o, 3, 0.5), 10))
    yield "multi_step " + row(factors(lambda o: lr.MultiStepLR(o, [2, 5, 6], 0.5), 10))
    yield "exponential " + row(factors(lambda o: lr.ExponentialLR(o, 0.75), 8))
    yield "linear " + row(factors(lambda o: lr.LinearLR(o, 0.25, 0.75, 6), 9))
    yield "cosine_restarts " + row(factors(lambda o: lr.CosineAnnealingWarmRestarts(o, 4, eta_min=0.1), 14))
    yield "cosine_restarts_longer " + row(factors(lambda o: lr.CosineAnnealingWarmRestarts(o, 3, 2), 24))
    yield "cosine " + row(factors(lambda o: lr.CosineAnnealingLR(o, 8, 0.1), 9))
    for name, total, options in (
            ("one_cycle", 20, dict()),
            ("one_cycle_linear", 15, dict(pct_start=0.4, anneal_strategy="linear", div_factor=10.0)),
            ("one_cycle_three_phase", 21, dict(three_phase=True, final_div_factor=100.0)),
            ("one_cycle_short", 2, dict())):
        yield f"{name} " + row(factors(lambda o: lr.OneCycleLR(o, 1.0, total_steps=total, cycle_momentum=False,
                                                               **options), total))


METRICS = [3.0, 2.5, 2.5, 2.4999, 2.6, 2.0, float("nan"), 2.1, 2.2, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.6, 0.6,
           0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6]


def plateaus():
    """The factor after each of the metrics."""
    yield "metrics " + row(METRICS)
    for name, options in (
            ("plateau", dict(factor=0.5, patience=2)),
            ("plateau_absolute", dict(factor=0.1, patience=0, threshold=0.25, threshold_mode="abs")),
            ("plateau_cooldown", dict(factor=0.5, patience=1, cooldown=2, min_lr=0.2)),
            ("plateau_larger", dict(factor=0.5, patience=1, mode="max", threshold=0.05))):
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
        scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **options)
        rates = []
        for metric in METRICS:
            scheduler.step(4 - metric if options.get("mode") == "max" else metric)
            rates.append(optimizer.param_groups[0]["lr"])
        yield f"{name} " + row(rates)


def main():
    warnings.simplefilter("ignore")
    (HERE / "optimizers.txt").write_text("\n".join(optimizers()) + "\n")
    (HERE / "schedules.txt").write_text("\n".join([*schedules(), *plateaus()]) + "\n")


if __name__ == "__main__":
    main()
