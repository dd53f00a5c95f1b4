#!/usr/bin/env python3
"""model_interop.py FOLDER: the half of checkpoint_model_test.cpp that is PyTorch.

Loads FOLDER/weft.safetensors into the twin of the test's network and compares predictions with what weft wrote;
then writes torch.safetensors, from a network in training, with its predictions. Exits 77 without torch."""
import pathlib
import sys

try:
    import torch
    from safetensors.torch import load_file, save_file
    from torch import nn
except ImportError:
    sys.exit(77)


class Residual(nn.Module):
    def __init__(self, body, shortcut):
        super().__init__()
        self.body, self.shortcut = body, shortcut

    def forward(self, x):
        return self.body(x) + self.shortcut(x)


def main(folder):
    torch.manual_seed(1)
    net = nn.Sequential()
    net.add_module("0", nn.Conv2d(2, 4, 3, padding=1, bias=False))
    net.add_module("1", nn.BatchNorm2d(4))
    net.add_module("2", nn.ReLU())
    net.add_module("3", Residual(nn.Sequential(nn.Conv2d(4, 6, 3, padding=1), nn.BatchNorm2d(6)),
                                 nn.Sequential(nn.Conv2d(4, 6, 1))))
    net.add_module("4", nn.Flatten())
    net.add_module("head", nn.Linear(6 * 5 * 5, 3))

    def read(name):
        return torch.tensor([float(x) for x in (folder / name).read_text().split()])

    x = read("inputs.txt").reshape(-1, 2, 5, 5)
    missing, unexpected = net.load_state_dict(load_file(folder / "weft.safetensors"), strict=False)
    assert not unexpected, unexpected
    assert all(name.endswith("num_batches_tracked") for name in missing), missing
    net.eval()
    torch.testing.assert_close(net(x).flatten(), read("weft.txt"), rtol=1e-4, atol=1e-5)

    net.train()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        net(x).square().mean().backward()
        optimizer.step()
    net.eval()
    save_file(net.state_dict(), folder / "torch.safetensors")
    (folder / "torch.txt").write_text(" ".join(f"{v:.9g}" for v in net(x).flatten().tolist()))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
