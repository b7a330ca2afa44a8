"""Seeds that depend on names, not on the order of calls: the same study gives the same draws anywhere."""

import hashlib


def derive(*parts: str | int) -> int:
    """A seed in [0, 2³¹) for what `parts` name; the same on every machine and in every version of Python."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8]) % 2**31
