"""Controlled experiments on group discussions of language models.

`Results` is the door to what a study left on disk; see `mascope.results`.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mascope.results import Results as Results

__all__ = ["Results", "__version__"]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """`Results`, once it is asked for: what it needs would make every start slow."""
    if name == "Results":
        from mascope.results import Results

        return Results
    raise AttributeError(f"module 'mascope' has no attribute {name!r}")
