#!/usr/bin/env python3
"""Writes digits.csv beside this script from scikit-learn's copy of the UCI optical digits test set.

Needs scikit-learn. The result does not depend on its version: the data set is fixed.
"""

import pathlib

from sklearn.datasets import load_digits

LEVELS = "0123456789abcdefg"


def main():
    digits = load_digits()
    assert digits.data.shape == (1797, 64)
    assert digits.data.min() == 0 and digits.data.max() == 16
    lines = ["digit,pixels"]
    for label, pixels in zip(digits.target, digits.data):
        lines.append(f"{label}," + "".join(LEVELS[int(level)] for level in pixels))
    target = pathlib.Path(__file__).with_name("digits.csv")
    target.write_text("\n".join(lines) + "\n", encoding="ascii", newline="\n")


if __name__ == "__main__":
    main()
