"""Chance that depends on names only: each decision of a rehearsed model has a draw of its own.

So no decision shifts another (raising one flag's rate leaves every other flag of every message as it was),
and nothing depends on the order of calls.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import TypeVar

T = TypeVar("T")

_NORMAL = NormalDist()


class Draws:
    """Independent draws, one for each name, all fixed by `key`."""

    def __init__(self, *key: str | int) -> None:
        text = "\x1f".join(str(part) for part in key)
        self._key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=32).digest()

    def uniform(self, name: str) -> float:
        """A number in the open interval (0, 1)."""
        digest = hashlib.blake2b(name.encode(), digest_size=8, key=self._key).digest()
        return ((int.from_bytes(digest) >> 12) + 0.5) / 2**52

    def chance(self, name: str, probability: float) -> bool:
        return probability > 0 and self.uniform(name) < probability

    def choice(self, name: str, options: Sequence[T]) -> T:
        return options[int(self.uniform(name) * len(options))]

    def weighted(self, name: str, weights: Mapping[T, float]) -> T | None:
        """A key of `weights` with its probability; None with what they leave of 1."""
        left = self.uniform(name)
        for option, weight in weights.items():
            left -= weight
            if left < 0:
                return option
        return None

    def lognormal(self, name: str, mean: float, sigma: float) -> float:
        """Positive, with the given mean; `sigma` is the standard deviation of its logarithm."""
        return mean * math.exp(sigma * _NORMAL.inv_cdf(self.uniform(name)) - sigma * sigma / 2)
