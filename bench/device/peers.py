#!/usr/bin/env python3
"""What the benchmarks of run.py are compared with: the same rows in PyTorch. A worker as the programs here are:
requests are lines on standard input, answers lines of JSON (see worker.hpp).

prepare NET KIND BATCH MODES   MODES: "all", or with commas of eager, graph, compile, compile+graph, autotune,
                               autotune+graph. A graph is a torch.cuda.CUDAGraph over the whole step: forward, loss,
                               backward and a fused, capturable optimiser; compile is torch.compile's default, autotune
                               its mode max-autotune-no-cudagraphs.
time MILLISECONDS              one sample of each mode, over about that time
drop                           gives the memory back

The type is float; TF32 is off. With ".float16" or ".bfloat16" after a network's name all its numbers, samples and
targets included, are of that type: nothing is converted, which autocast would do in each step. Without a GPU it runs
on the CPU, without graphs, to try it out."""
import gc, json, sys, time

import torch
import torch.nn.functional as F
from torch import nn

gpu = torch.cuda.is_available()
device = torch.device("cuda" if gpu else "cpu")
modes = ["eager", "graph", "compile", "compile+graph", "autotune", "autotune+graph"]
torch.set_float32_matmul_precision("highest")
torch.backends.cuda.matmul.allow_tf32 = False
torch.backends.cudnn.allow_tf32 = False
torch.backends.cudnn.benchmark = True


def answer(**fields):
    print(json.dumps(fields), flush=True)


def synchronize():
    if gpu:
        torch.cuda.synchronize()


# ---- networks -------------------------------------------------------------------------------------------------------
def mlp(width):
    layers = []
    for _ in range(4):
        layers += [nn.Linear(width, width), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(width, 16))


def lenet():
    return nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(),
                         nn.MaxPool2d(2), nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(),
                         nn.Linear(84, 10))


def mlp784():
    return nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))


class Block(nn.Module):
    def __init__(self, channels, features, stride):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(channels, features, 3, stride, 1, bias=False), nn.BatchNorm2d(features))
        self.second = nn.Sequential(nn.Conv2d(features, features, 3, 1, 1, bias=False), nn.BatchNorm2d(features))
        self.shortcut = nn.Identity() if stride == 1 else nn.Sequential(
            nn.Conv2d(channels, features, 1, stride, bias=False), nn.BatchNorm2d(features))

    def forward(self, x):
        return F.relu(self.second(F.relu(self.first(x))) + self.shortcut(x))


def resnet18():
    blocks = [Block(64, 64, 1), Block(64, 64, 1)]
    for features in (128, 256, 512):
        blocks += [Block(features // 2, features, 2), Block(features, features, 1)]
    return nn.Sequential(nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU(), *blocks,
                         nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


def network(net):
    """A fresh network, the shape of a sample, and its loss."""
    net = net.split(".")[0]
    if net.startswith("mlp") and net != "mlp784":
        return mlp(int(net[3:])), (int(net[3:]),), F.mse_loss
    make, shape = {"lenet": (lenet, (1, 28, 28)), "mlp784": (mlp784, (784,)), "resnet18": (resnet18, (3, 32, 32))}[net]
    return make(), shape, F.cross_entropy


def type_of(net):
    return getattr(torch, net.split(".")[1] if "." in net else "float32")


# ---- ways to run a step ---------------------------------------------------------------------------------------------
def captured(work):
    """One replay of a graph for each call. What `work` returns is where its result will be."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            work()
    torch.cuda.current_stream().wait_stream(side)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = work()
    return graph.replay, result


def compiled(function, mode):
    if mode.startswith("compile"):
        return torch.compile(function, dynamic=False)
    if mode.startswith("autotune"):
        return torch.compile(function, dynamic=False, mode="max-autotune-no-cudagraphs")
    return function


def training_step(net, batch, mode, from_host):
    """A function that does one step, and the number of parameters."""
    model, shape, loss_of = network(net)
    model = model.to(device, type_of(net)).train()
    count = sum(p.numel() for p in model.parameters())
    fused = {"fused": True, "capturable": True} if gpu else {}
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, **fused)
    host_x = (torch.rand(batch, *shape) * 2 - 1).to(type_of(net))
    host_y = torch.rand(batch, 16).to(type_of(net)) if loss_of is F.mse_loss else torch.randint(0, 10, (batch,))
    if gpu and from_host:
        host_x, host_y = host_x.pin_memory(), host_y.pin_memory()
    x, y = host_x.to(device), host_y.to(device)
    forward = compiled(lambda a, b: loss_of(model(a), b), mode)

    def step():
        if from_host:
            x.copy_(host_x, non_blocking=True)
            y.copy_(host_y, non_blocking=True)
        optimizer.zero_grad(set_to_none=True)
        loss = forward(x, y)
        loss.backward()
        optimizer.step()
        return loss

    if mode.endswith("graph"):
        replay, loss = captured(step)
        if not from_host:
            return replay, count
        return lambda: (replay(), loss.item()), count
    return (lambda: step().item()) if from_host else step, count


def inference_step(net, batch, mode):
    model, shape, _ = network(net)
    model = model.to(device, type_of(net)).eval()
    x = (torch.rand(batch, *shape, device=device) * 2 - 1).to(type_of(net))
    forward = compiled(model, mode)

    def step():
        with torch.inference_mode():
            return forward(x)

    return captured(step)[0] if mode.endswith("graph") else step, sum(p.numel() for p in model.parameters())


def memory_step(name, size, mode):
    """One operation on arrays of `size` numbers in rows; see memory.cu."""
    def draw(*shape):
        return torch.rand(*shape, device=device) * 2 - 1
    if name == "matrix":
        a, b = draw(size, size), draw(size, size)
        return (lambda: a @ b), 0
    if name == "adam":
        parameter = nn.Parameter(draw(size))
        parameter.grad = draw(size)
        optimizer = torch.optim.Adam([parameter], lr=1e-6, **({"fused": True, "capturable": True} if gpu else {}))
        return (captured(optimizer.step)[0] if mode.endswith("graph") else optimizer.step), 0
    if name == "batch_norm_stats":
        x = draw(size // 65536, 64, 32, 32)
        work = compiled(lambda x: torch.var_mean(x, (0, 2, 3)), mode) if mode != "eager" or not gpu else (
            lambda x: torch.batch_norm_stats(x, 1e-5))
        return (lambda: work(x)), 0
    row = 16384 if name == "softmax_long" else 1024
    x, y, bias = draw(size // row, row), draw(size // row, row), draw(row)
    inverse = torch.rand(size // row, 1, device=device) + 0.5
    if name == "layer_norm_grad":
        # with what forward kept, and no scale or shift: dx alone
        mean = torch.zeros(size // row, 1, device=device)
        work = (lambda: torch.ops.aten.native_layer_norm_backward(y, x, [row], mean, inverse, None, None,
                                                                  [True, False, False]))
        if mode != "eager":
            formula = compiled(lambda dy, n, i: i * (dy - dy.mean(-1, True) - n * (dy * n).mean(-1, True)), mode)
            work = (lambda: formula(y, x, inverse))
        return work, 0
    work = compiled({
        "copy": lambda x: x.clone(), "copy_chain": lambda x: x.clone(),
        "bias_gelu": lambda x: F.gelu(x + bias), "add_relu": lambda x: F.relu(x + y),
        "layer_norm": lambda x: F.layer_norm(x, (row,)), "softmax": lambda x: F.softmax(x, -1),
        "softmax_long": lambda x: F.softmax(x, -1),
        "softmax_grad": lambda x: torch.ops.aten._softmax_backward_data(x, y, -1, torch.float32),
        "column_sums": lambda x: x.sum(0)}[name], mode)

    def step():
        with torch.inference_mode():
            return work(x)
    return step, 0


def make(net, kind, batch, mode):
    """A step and its network's number of parameters; nothing where a mode makes no sense."""
    if mode.endswith("graph") and not gpu:
        return None
    if net == "memory":
        if mode.endswith("+graph") or (mode == "graph" and kind != "adam"):
            return None  # these take long enough not to wait for a launch
        if (kind in ("adam", "matrix", "copy")) and mode not in ("eager", "graph"):
            return None
        return memory_step(kind, batch, mode)
    if kind == "inference":
        return inference_step(net, batch, mode)
    return training_step(net, batch, mode, kind == "host")


# ---- the worker -----------------------------------------------------------------------------------------------------
def seconds_of(step, steps):
    synchronize()
    start = time.perf_counter()
    for _ in range(steps):
        step()
    synchronize()
    return (time.perf_counter() - start) / steps


def forget(current):
    current.clear()
    if sys.modules.get("torch._dynamo"):
        torch._dynamo.reset()
    gc.collect()
    if gpu:
        torch.cuda.empty_cache()


def prepare(current, net, kind, batch, chosen):
    forget(current)
    count = None
    for mode in modes if chosen == "all" else chosen.split(","):
        try:
            made = make(net, kind, int(batch), mode)
            if made is None:
                continue
            step, count = made
            seconds_of(step, 3)
            current[mode] = [step, seconds_of(step, 2)]
        except Exception as error:
            answer(way=mode, error=f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}"[:300])
            step = made = error = None
        gc.collect()
        if gpu:
            torch.cuda.empty_cache()
    answer(parameters=count)


def sample(current, milliseconds):
    for mode, entry in current.items():
        try:
            step, about = entry
            seconds_of(step, 1)
            entry[1] = seconds_of(step, min(5000, max(1, int(float(milliseconds) * 1e-3 / about))))
            answer(way=mode, ms=entry[1] * 1e3)
        except Exception as error:
            answer(way=mode, error=f"{type(error).__name__}: {error}"[:300])


def serve():
    current = {}
    for line in sys.stdin:
        verb, *words = line.split()
        try:
            if verb == "prepare":
                prepare(current, *words)
            elif verb == "time":
                sample(current, *words)
            elif verb == "drop":
                forget(current)
            elif verb == "version":
                answer(version=torch.__version__, device=torch.cuda.get_device_name() if gpu else "CPU")
            else:
                answer(error=f"no such request: {verb}")
        except Exception as error:
            answer(error=f"{type(error).__name__}: {error}"[:300])
        answer(done=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(__doc__)
    serve()
