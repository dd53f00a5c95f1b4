#!/usr/bin/env python3
"""Writes layers.txt, losses.txt and training.txt beside this file: what PyTorch computes, for tests/train/parity*.cpp.

Needs torch (pip install torch). All is computed in float64 from numbers of three decimals. A file is a list of
cases, `case NAME`, each a list of tensors: a line `name sizes…` and a line of numbers. Of a case in layers.txt:
- param.NAME and state.NAME: parameters and statistics before; input.K, target.K: the batches;
- train.K, loss.K: output and mean squared error in training mode; grad.NAME: the last batch's gradients;
- after.NAME: statistics after all batches; eval: the output for input.0 in evaluation mode, after them.
"""
import pathlib
from collections import OrderedDict

import torch
from torch import nn

HERE = pathlib.Path(__file__).resolve().parent
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


class Residual(nn.Module):
    def __init__(self, body, shortcut=None):
        super().__init__()
        self.body, self.shortcut = body, shortcut or nn.Sequential()

    def forward(self, x):
        return self.body(x) + self.shortcut(x)


class Join(nn.Sequential):
    def __init__(self, how, *branches):
        super().__init__(*(b if isinstance(b, nn.Sequential) else nn.Sequential(b) for b in branches))
        self.how = how

    def forward(self, x):
        parts = [branch(x) for branch in self]
        if self.how == "concat":
            return torch.cat(parts, dim=1)
        result = parts[0]
        for part in parts[1:]:
            result = result + part if self.how == "add" else result * part
        return result


class GlobalAveragePool(nn.Module):
    def forward(self, x):
        return x.mean(dim=(2, 3))


class Reshape(nn.Module):
    def __init__(self, *sizes):
        super().__init__()
        self.sizes = sizes

    def forward(self, x):
        return x.reshape(x.shape[0], *self.sizes)


def seq(*modules):
    """nn.Sequential; a pair (name, module) is saved under its name, as weft's named<"…"> does."""
    return nn.Sequential(OrderedDict(m if isinstance(m, tuple) else (str(i), m) for i, m in enumerate(modules)))


def concat(*branches):
    return Join("concat", *branches)


def add(*branches):
    return Join("add", *branches)


def multiply(*branches):
    return Join("multiply", *branches)


LAYERS = {  # name: (input shape, batch size, batches, network)
    "dense": ((5,), 3, 1, lambda: seq(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3, bias=False))),
    "dense_steps": ((3, 4), 2, 1, lambda: seq(nn.Linear(4, 5), nn.GELU(), nn.Linear(5, 2))),
    "conv": ((4, 7, 6), 2, 1, lambda: seq(
        nn.Conv2d(4, 4, 3, padding=1), nn.Tanh(),
        nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 0), groups=2, bias=False),
        nn.Conv2d(6, 4, 2, padding=1, dilation=(2, 1)),
        nn.Conv2d(4, 8, 3, padding=1, groups=4), nn.Flatten(), nn.Linear(192, 2))),
    "conv_wide": ((3, 9, 9), 2, 1, lambda: seq(
        nn.Conv2d(3, 19, 3, padding=2, bias=False), nn.ReLU(), nn.Conv2d(19, 5, (5, 3), stride=(3, 2), dilation=2))),
    "depthwise": ((3, 8, 5), 2, 1, lambda: seq(
        nn.Conv2d(3, 3, (3, 1), stride=2, padding=(1, 0), groups=3, bias=False), nn.SiLU(),
        nn.Conv2d(3, 6, 2, padding=1, dilation=2, groups=3))),
    "pools": ((3, 7, 8), 2, 1, lambda: seq(
        nn.Conv2d(3, 4, 1), concat(
            nn.MaxPool2d(3, 2, 1), nn.AvgPool2d(3, 2, 1), nn.AvgPool2d(3, 2, 1, count_include_pad=False),
            nn.MaxPool2d((1, 2), (2, 2)), nn.AvgPool2d((3, 2), (2, 2), (1, 0))),
        nn.Upsample(scale_factor=(2, 3)), nn.Conv2d(20, 3, 3, stride=2), nn.MaxPool2d(2), GlobalAveragePool(),
        nn.Linear(3, 2))),
    "batch_norm": ((2, 5, 4), 4, 3, lambda: seq(
        nn.Conv2d(2, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 3, 2),
        nn.BatchNorm2d(3, eps=1e-3, momentum=0.01, affine=False), nn.Flatten(), nn.Linear(6, 4), nn.BatchNorm1d(4),
        nn.Tanh(), nn.Linear(4, 2))),
    "layer_norm": ((3, 4, 4), 2, 1, lambda: seq(
        nn.Conv2d(3, 3, 2), nn.LayerNorm([3, 3, 3]), Reshape(9, 3), nn.LayerNorm(3, eps=1e-3), nn.Linear(3, 4),
        nn.Flatten(), nn.LayerNorm(36, elementwise_affine=False), nn.Linear(36, 5), nn.LayerNorm(5))),
    "activations_1": ((4,), 6, 1, lambda: seq(nn.Linear(4, 4), concat(*(seq(nn.Linear(4, 5), f) for f in (
        nn.ReLU(), nn.LeakyReLU(), nn.LeakyReLU(0.25), nn.ELU(), nn.ELU(0.5), nn.SELU(), nn.GELU(),
        nn.GELU(approximate="tanh")))))),
    "activations_2": ((4,), 6, 1, lambda: seq(nn.Linear(4, 4), concat(*(seq(nn.Linear(4, 5), f) for f in (
        nn.SiLU(), nn.Mish(), nn.Hardswish(), nn.Sigmoid(), nn.Tanh(), nn.Softplus(), nn.Softmax(1),
        nn.LogSoftmax(1)))))),
    "activations_3": ((4,), 6, 1, lambda: seq(nn.Linear(4, 4), concat(*(seq(nn.Linear(4, 5), f) for f in (
        nn.LeakyReLU(-0.2), nn.ELU(-0.5), nn.LeakyReLU(0.0), nn.LeakyReLU(3.0)))))),
    "softmax_axes": ((2, 3, 4), 2, 1, lambda: seq(concat(*(seq(nn.Conv2d(2, 2, 1), f) for f in (
        nn.Softmax(1), nn.Softmax(2), nn.Softmax(3), nn.LogSoftmax(1), nn.LogSoftmax(2), nn.LogSoftmax(3)))))),
    "joins": ((4, 5, 5), 2, 1, lambda: seq(
        ("stem", seq(nn.Conv2d(4, 4, 3, padding=1), nn.ReLU())),
        Residual(seq(nn.Conv2d(4, 4, 3, padding=1), nn.Tanh())),
        Residual(seq(nn.Conv2d(4, 6, 3, stride=2, padding=1), Residual(seq(nn.ReLU(), nn.Conv2d(6, 6, 1)))),
                 seq(nn.Conv2d(4, 6, 1, stride=2))),
        multiply(nn.Identity(), seq(GlobalAveragePool(), nn.Linear(6, 6), nn.Sigmoid(), Reshape(6, 1, 1))),
        add(nn.Identity(), nn.Conv2d(6, 1, 1), seq(nn.Conv2d(6, 6, 3))),
        concat(nn.Identity(), nn.Conv2d(6, 2, 1)),
        nn.Conv2d(8, 8, 1), nn.Tanh(), nn.Conv2d(8, 8, 1), nn.Tanh(),
        nn.Flatten(), ("head", nn.Linear(72, 5)),
        multiply(nn.Linear(5, 4), seq(nn.Linear(5, 4), nn.Sigmoid()), nn.Linear(5, 1)))),
    "nested": ((2, 8, 4), 2, 1, lambda: seq(
        nn.Conv2d(2, 3, 3, padding=1), nn.ReLU(),
        concat(nn.Identity(), seq(
            nn.MaxPool2d(2), nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(),
            concat(nn.Identity(), seq(nn.AvgPool2d(2), nn.Conv2d(4, 4, 1), nn.ELU(), nn.Upsample(scale_factor=2))),
            nn.Upsample(scale_factor=2))),
        nn.Conv2d(11, 2, 1))),
}

CLASS_WEIGHTS = [0.5, 2.0, 1.25]
LOSSES = {  # name: (kind of target, loss)
    "labels": ("label", nn.CrossEntropyLoss()),
    "labels_smoothing": ("label", nn.CrossEntropyLoss(label_smoothing=0.1)),
    "labels_weights": ("label", nn.CrossEntropyLoss(weight=torch.tensor(CLASS_WEIGHTS))),
    "labels_weights_smoothing": ("label", nn.CrossEntropyLoss(weight=torch.tensor(CLASS_WEIGHTS),
                                                              label_smoothing=0.1)),
    "soft": ("soft", nn.CrossEntropyLoss()),
    "soft_smoothing": ("soft", nn.CrossEntropyLoss(label_smoothing=0.1)),
    "soft_weights": ("soft", nn.CrossEntropyLoss(weight=torch.tensor(CLASS_WEIGHTS))),
    "soft_weights_smoothing": ("soft", nn.CrossEntropyLoss(weight=torch.tensor(CLASS_WEIGHTS),
                                                           label_smoothing=0.1)),
    "binary": ("soft", nn.BCEWithLogitsLoss()),
    "squared": ("real", nn.MSELoss()),
    "absolute": ("real", nn.L1Loss()),
    "huber": ("real", nn.HuberLoss()),
    "huber_small": ("real", nn.HuberLoss(delta=0.25)),
    "smooth_l1": ("real", nn.SmoothL1Loss()),
    "smooth_l1_small": ("real", nn.SmoothL1Loss(beta=0.25)),
    "binary_weights": ("soft", nn.BCEWithLogitsLoss(pos_weight=torch.tensor(CLASS_WEIGHTS))),
    "binary_weight": ("soft", nn.BCEWithLogitsLoss(pos_weight=torch.tensor([3.0]))),
    "kl": ("sparse", nn.KLDivLoss(reduction="batchmean")),
    "cosine": ("real", lambda y, t: nn.functional.cosine_embedding_loss(y, t, torch.ones(len(y)))),
    "poisson": ("count", nn.PoissonNLLLoss()),
    "sum_labels_weights": ("label", nn.CrossEntropyLoss(weight=torch.tensor(CLASS_WEIGHTS), reduction="sum")),
    "sum_squared": ("real", nn.MSELoss(reduction="sum")),
    "sum_smooth_l1_small": ("real", nn.SmoothL1Loss(beta=0.25, reduction="sum")),
    "sum_kl": ("sparse", nn.KLDivLoss(reduction="sum")),
}
WIDE_LOSSES = {  # of six outputs
    "gaussian": ("real", lambda y, t: nn.functional.gaussian_nll_loss(y[:, :3], t, y[:, 3:].exp(), eps=1e-30)),
    "triplet": (None, lambda y, t: nn.functional.triplet_margin_loss(y[:, :2], y[:, 2:4], y[:, 4:], margin=0.5)),
}

OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.05),
    "sgd_nesterov": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.01),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.002, momentum=0.5),
}


# The same of parameters in groups: (names, options) of each.
GROUPS = [(("0.weight",), dict()), (("1.weight", "1.bias"), dict(weight_decay=0.0)), (("5.weight",), dict(lr=0.02)),
          (("5.bias",), dict(lr=0.02, weight_decay=0.0))]
AVERAGES = {
    "ema": lambda net: torch.optim.swa_utils.AveragedModel(
        net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.75)),
    "swa": torch.optim.swa_utils.AveragedModel,
}


def rounded(tensor):
    """Three decimals: short in the file, and the same double for whoever reads it."""
    return torch.round(tensor, decimals=3)


def uniform(shape, size):
    return rounded((torch.rand(shape) * 2 - 1) * size)


def randomize(net, gain=1.5):
    """Numbers of a size that keeps signals alive; statistics as after some training."""
    with torch.no_grad():
        for name, p in net.named_parameters():
            fan_in = p[0].numel() if p.dim() > 1 else 1
            if p.dim() > 1:
                p.copy_(uniform(p.shape, gain / fan_in**0.5))
            else:
                p.copy_(rounded(uniform(p.shape, 0.5) + (1 if name.endswith("weight") else 0)))
        for name, b in net.named_buffers():
            if name.endswith("running_var"):
                b.copy_(rounded(torch.rand(b.shape) + 0.5))
            elif name.endswith("running_mean"):
                b.copy_(uniform(b.shape, 0.5))


def statistics(net):
    return [(n, b) for n, b in net.named_buffers() if "num_batches" not in n]


class Writer:
    def __init__(self, name):
        self.path, self.lines = HERE / name, [f"# make_network_golden.py, torch {torch.__version__.split('+')[0]}"]

    def case(self, name):
        self.lines.append(f"case {name}")

    def tensor(self, name, t):
        t = t.detach()
        self.lines.append(" ".join([name, *map(str, t.shape)]))
        self.lines.append(" ".join(f"{v:.9g}" for v in t.flatten().tolist()))

    def start(self, net):
        for name, p in net.named_parameters():
            self.tensor("param." + name, p)
        for name, b in statistics(net):
            self.tensor("state." + name, b)

    def close(self):
        self.path.write_text("\n".join(self.lines) + "\n")


def write_layers():
    out = Writer("layers.txt")
    for name, (shape, batch, batches, make) in LAYERS.items():
        torch.manual_seed(1)
        net = make()
        randomize(net)
        out.case(name)
        out.start(net)
        inputs = [uniform((batch, *shape), 3 if "activations" in name else 1.5) for _ in range(batches)]
        net.train()
        for k, x in enumerate(inputs):
            net.zero_grad()
            y = net(x)
            target = uniform(y.shape, 1)
            loss = nn.functional.mse_loss(y, target)
            loss.backward()
            out.tensor(f"input.{k}", x)
            out.tensor(f"target.{k}", target)
            out.tensor(f"train.{k}", y)
            out.tensor(f"loss.{k}", loss)
        for n, p in net.named_parameters():
            out.tensor("grad." + n, p.grad)
        for n, b in statistics(net):
            out.tensor("after." + n, b)
        net.eval()
        out.tensor("eval", net(inputs[0]))
    out.close()


def write_losses():
    """A dense layer from 4 to 3, then one to 6; `huge` scales the inputs, so that logits reach hundreds."""
    out = Writer("losses.txt")
    torch.manual_seed(2)
    net = seq(nn.Linear(4, 3))
    randomize(net)
    targets = {"label": torch.tensor([2, 0, 1, 1, 2]), "soft": torch.softmax(uniform((5, 3), 2), 1),
               "real": uniform((5, 3), 1.5)}
    targets["soft"] = rounded(targets["soft"])
    targets["soft"][:, 2] = 1 - targets["soft"][:, 0] - targets["soft"][:, 1]
    targets["sparse"] = torch.tensor([[0, 0.25, 0.75], [1, 0, 0], [0.5, 0.125, 0.375], [0, 1, 0], [0.25, 0.25, 0.5]])
    targets["count"] = torch.tensor([[0.0, 2, 1], [5, 0, 3], [1, 1, 0], [7, 2, 4], [0, 0, 1]])
    x = uniform((5, 4), 1.5)
    out.case("start")
    out.start(net)
    out.tensor("input", x)
    out.tensor("weights", torch.tensor(CLASS_WEIGHTS))
    for name, target in targets.items():
        out.tensor("target." + name, target)
    for scale, prefix in ((1, ""), (200, "huge_")):
        for name, (kind, loss_of) in LOSSES.items():
            if not (prefix and name == "poisson"):  # beyond any float
                write_loss(out, prefix + name, net, loss_of, x * scale, targets[kind])
    wide = seq(nn.Linear(4, 6))
    randomize(wide)
    out.case("start_wide")
    out.start(wide)
    for name, (kind, loss_of) in WIDE_LOSSES.items():
        write_loss(out, name, wide, loss_of, x, targets.get(kind))
    out.close()


def write_loss(out, name, net, loss_of, x, target):
    net.zero_grad()
    loss = loss_of(net(x), target)
    loss.backward()
    out.case(name)
    out.tensor("loss", loss)
    for n, p in net.named_parameters():
        out.tensor("grad." + n, p.grad)


def write_training():
    """Ten steps of each optimizer on a small network, two batches in turn."""
    out = Writer("training.txt")
    torch.manual_seed(3)
    net = seq(nn.Conv2d(1, 3, 3, bias=False), nn.BatchNorm2d(3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
              nn.Linear(12, 3))
    randomize(net, gain=1)
    start = {n: t.clone() for n, t in net.state_dict().items()}
    inputs = [uniform((6, 1, 6, 6), 1.5) for _ in range(2)]
    labels = [torch.randint(0, 3, (6,)) for _ in range(2)]
    out.case("start")
    out.start(net)
    for k in range(2):
        out.tensor(f"input.{k}", inputs[k])
        out.tensor(f"target.{k}", labels[k])
    makers = {name: (lambda make=make: make(net.parameters())) for name, make in OPTIMIZERS.items()}
    named = dict(net.named_parameters())
    makers["groups"] = lambda: torch.optim.AdamW(
        [dict(params=[named[n] for n in names], **options) for names, options in GROUPS], lr=0.01, weight_decay=0.1)
    for name, make in makers.items():
        net.load_state_dict(start)
        net.train()
        optimizer = make()
        averages = {n: average(net) for n, average in AVERAGES.items()} if name == "sgd" else {}
        losses = []
        for step in range(10):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(inputs[step % 2]), labels[step % 2])
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
            for average in averages.values():
                average.update_parameters(net)
        out.case(name)
        out.tensor("losses", torch.stack(losses))
        for n, p in net.named_parameters():
            out.tensor("param." + n, p)
        for n, b in statistics(net):
            out.tensor("state." + n, b)
        for n, average in averages.items():
            out.case(n)
            out.start(average.module)
    out.close()


if __name__ == "__main__":
    write_layers()
    write_losses()
    write_training()
