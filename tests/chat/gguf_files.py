"""Writes the beginning of GGUF files, as https://github.com/ggml-org/ggml/blob/master/docs/gguf.md has it."""

import struct
from pathlib import Path

Value = str | int | bool | float | list[str] | list[int]


def write_gguf(path: Path, metadata: dict[str, Value], *, version: int = 3) -> Path:
    head = b"GGUF" + struct.pack("<IQQ", version, 0, len(metadata))
    path.write_bytes(head + b"".join(_text(key) + _typed(value) for key, value in metadata.items()))
    return path


def _typed(value: Value) -> bytes:
    if isinstance(value, list):
        kind, items = (8, b"".join(_text(item) for item in value if isinstance(item, str)))
        if not items:
            kind, items = (5, struct.pack(f"<{len(value)}i", *value))
        return struct.pack("<IIQ", 9, kind, len(value)) + items
    if isinstance(value, str):
        return struct.pack("<I", 8) + _text(value)
    if isinstance(value, bool):
        return struct.pack("<I?", 7, value)
    return struct.pack("<If", 6, value) if isinstance(value, float) else struct.pack("<II", 4, value)


def _text(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack("<Q", len(encoded)) + encoded
