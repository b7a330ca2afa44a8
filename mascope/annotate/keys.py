"""Which key stands for what."""

import string
from collections.abc import Mapping, Sequence

from mascope.codebook import Flag
from mascope.errors import InvalidInput

RESERVED = frozenset("nbustxrq")
"""Letters that are commands."""
LEVEL_KEYS: Mapping[str, int] = {str(number): number - 1 for number in range(1, 10)}
"""Key → place of the level among those of its flag."""


def flag_keys(flags: Sequence[Flag]) -> Mapping[str, str]:
    """Key → flag: the first letter of its name that is free, else of the alphabet, then of its capitals."""
    keys: dict[str, str] = {}
    for flag in flags:
        wishes = flag.name.lower() + string.ascii_lowercase + string.ascii_uppercase
        free = (key for key in wishes if key in string.ascii_letters and key not in {*RESERVED, *keys})
        key = next(free, None)
        if key is None:
            raise InvalidInput(f"the codebook has {len(flags)} flags, more than there are keys: split it up")
        keys[key] = flag.name
    return keys
