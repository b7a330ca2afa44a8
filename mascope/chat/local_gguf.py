"""The header of a GGUF file: what can be known of a model without loading it.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, versions 2 and 3, little-endian.
"""

import mmap
import re
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mascope.errors import InvalidFile

MAGIC = b"GGUF"
VERSIONS = (2, 3)

_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_CONTROL, _USER_DEFINED = 3, 4  # token types


@dataclass(frozen=True, slots=True)
class Header:
    """What a GGUF file says of its model; None where it says nothing."""

    context: int | None
    """Tokens that the model was trained to read at once."""
    chat_template: str | None
    """The model's own chat template (Jinja); None for a base model."""
    first_token: int | None
    """Id of the token that begins every text."""
    control_words: re.Pattern[str] | None
    """Matches what the tokenizer reads as a command: `<|im_end|>`."""


def check(path: Path) -> None:
    """Raise `InvalidFile` unless the file begins like a GGUF file that can be read here."""
    with path.open("rb") as file:
        start = file.read(8)
    if start[:4] != MAGIC:
        raise InvalidFile(path, "this is not a GGUF file: give the path of a model in llama.cpp's format")
    version = int.from_bytes(start[4:], "little")
    if version not in VERSIONS:
        raise InvalidFile(
            path, f"GGUF version {version} is not supported: convert the model anew with llama.cpp"
        )


def read(path: Path) -> Header:
    """The header of the file, or `InvalidFile` where it is no GGUF file or is cut off."""
    check(path)
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _header(_Reader(data).metadata())
    except (struct.error, ValueError) as error:
        raise InvalidFile(path, f"the header cannot be read ({error}): download the file again") from error


def trained_context(path: Path) -> int | None:
    """Only `Header.context`, in no time: it stands before the words of the tokenizer. `InvalidFile`."""
    check(path)
    found: dict[str, Any] = {}
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            for name, value in _Reader(data).entries():
                found[name] = value
                if isinstance(_context(found), int):
                    break
    except (struct.error, ValueError) as error:
        raise InvalidFile(path, f"the header cannot be read ({error}): download the file again") from error
    context = _context(found)
    return context if isinstance(context, int) else None


def _context(metadata: Mapping[str, Any]) -> Any:
    return metadata.get(f"{metadata.get('general.architecture')}.context_length")


def _header(metadata: Mapping[str, Any]) -> Header:
    context = _context(metadata)
    template = metadata.get("tokenizer.chat_template")
    first = metadata.get("tokenizer.ggml.bos_token_id")
    words = metadata.get("tokenizer.ggml.tokens", ())
    kinds = metadata.get("tokenizer.ggml.token_type", ())
    return Header(
        context=context if isinstance(context, int) else None,
        chat_template=template if isinstance(template, str) and template.strip() else None,
        first_token=first if isinstance(first, int) else None,
        control_words=_any_of(
            word for word, kind in zip(words, kinds, strict=False) if _commands(word, kind)
        ),
    )


def _commands(word: str, kind: int) -> bool:
    """Some files list their turn marks as user-defined words; the tokenizer obeys those all the same."""
    tag = len(word) > 1 and not word[0].isspace()
    return tag and (kind == _CONTROL or (kind == _USER_DEFINED and word.startswith("<|")))


def _any_of(words: Iterable[str]) -> re.Pattern[str] | None:
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first))) if longest_first else None


class _Reader:
    """Reads on from where it stands."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._at = len(MAGIC) + 4  # version

    def metadata(self) -> dict[str, Any]:
        return dict(self.entries())

    def entries(self) -> Iterator[tuple[str, Any]]:
        self._number("Q")  # how many tensors
        for _ in range(self._number("Q")):
            yield self._text(), self._value(self._number("I"))

    def _value(self, kind: int) -> Any:
        if kind == _STRING:
            return self._text()
        if kind == _ARRAY:
            return self._array(self._number("I"), self._number("Q"))
        if kind not in _NUMBERS:
            raise ValueError(f"unknown kind of value {kind}")
        return self._number(_NUMBERS[kind])

    def _array(self, kind: int, length: int) -> Any:
        if kind in _NUMBERS:
            return self._numbers(f"<{length}{_NUMBERS[kind]}")
        return [self._value(kind) for _ in range(length)]

    def _text(self) -> str:
        length = self._number("Q")
        if self._at + length > len(self._data):
            raise ValueError("a text reaches beyond the end of the file")
        start, self._at = self._at, self._at + length
        return self._data[start : self._at].decode("utf-8", "replace")

    def _number(self, code: str) -> Any:
        return self._numbers(f"<{code}")[0]

    def _numbers(self, form: str) -> tuple[Any, ...]:
        values = struct.unpack_from(form, self._data, self._at)
        self._at += struct.calcsize(form)
        return values
