"""How often Python looks for objects that only refer to each other, while thousands of calls go on."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

THRESHOLDS = (100_000, 20, 10)
"""As `gc.set_threshold` has them; the usual (700, 10, 10) took 40% of the CPU time of 200 discussions."""


@contextmanager
def rarely_collecting() -> Iterator[None]:
    """Looks seldom while the body runs. Transcripts grow for as long as that, and hold no cycles."""
    before = gc.get_threshold()
    gc.set_threshold(*THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
