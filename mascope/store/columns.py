"""The columns that journals and codes files become, and how rows become columns.

Columns are Arrow's: repeated words are kept once, and another process can hand them over without a copy of
every cell. `journal_columns` and `code_columns` fill them.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

WORD, TEXT, NUMBER, COUNT, TRUTH, BYTES = "word", "text", "number", "count", "truth", "bytes"
"""Kinds of column: `word` repeats itself, `text` does not; `count` is never missing, `number` may be."""
ARROW: Mapping[str, pa.DataType] = {
    WORD: pa.string(),
    TEXT: pa.string(),
    NUMBER: pa.float64(),
    COUNT: pa.int64(),
    TRUTH: pa.bool_(),
    BYTES: pa.binary(),
}

RUNS: Mapping[str, str] = {
    "run": WORD, "series": WORD, "replicate": COUNT, "status": WORD, "reason": WORD, "messages": COUNT,
    "empty": COUNT, "failures_injected": COUNT, "failures_organic": COUNT, "prompt_tokens": NUMBER,
    "completion_tokens": NUMBER, "cost_usd": NUMBER, "unpriced": COUNT, "seconds": NUMBER, "rounds": COUNT,
    "agents": COUNT, "models": WORD, "started": TEXT, "seed": COUNT, "simulated": TRUTH, "parent": WORD,
    "from_round": COUNT, "condition_digest": WORD,
}  # fmt: skip
MESSAGES: Mapping[str, str] = {
    "message": TEXT, "run": WORD, "series": WORD, "agent": WORD, "name": WORD, "round": COUNT,
    "position": COUNT, "words": COUNT, "mentions": WORD, "broadcast": TRUTH, "chars": COUNT, "model": WORD,
    "label": WORD, "served_by": WORD, "served_model": WORD, "seat": COUNT, "seen": COUNT, "view": WORD,
    "finish_reason": WORD, "changes": WORD, "prompt_tokens": NUMBER, "completion_tokens": NUMBER,
    "reasoning_tokens": NUMBER, "cost_usd": NUMBER, "latency_s": NUMBER, "attempts": COUNT, "at": TEXT,
    "text": TEXT,
}  # fmt: skip
FAILURES: Mapping[str, str] = {
    "failure": TEXT, "run": WORD, "series": WORD, "agent": WORD, "name": WORD, "round": COUNT,
    "position": COUNT, "kind": WORD, "origin": WORD, "told": TRUTH, "notice": WORD, "detail": WORD,
    "attempts": COUNT, "at": TEXT,
}  # fmt: skip
AGENTS: Mapping[str, str] = {
    "run": WORD, "series": WORD, "agent": WORD, "name": WORD, "own_name": WORD, "model": WORD, "label": WORD,
    "served_by": WORD, "seat": COUNT, "messages": COUNT, "empty": COUNT, "failures": COUNT,
}  # fmt: skip
PROBES: Mapping[str, str] = {
    "id": TEXT, "run": WORD, "series": WORD, "agent": WORD, "name": WORD, "probe": WORD, "kind": WORD,
    "round": COUNT, "outcome": WORD, "answer": WORD, "value": NUMBER, "seen_others": COUNT, "low": NUMBER,
    "high": NUMBER, "options": WORD,
}  # fmt: skip
SCRIPTED: Mapping[str, str] = {
    "run": WORD, "series": WORD, "agent": WORD, "name": WORD, "round": COUNT, "position": COUNT, "text": TEXT,
}  # fmt: skip
CODES: Mapping[str, str] = {
    "message": TEXT, "run": WORD, "series": WORD, "coder": WORD, "kind": WORD, "digest": WORD,
    "outcome": WORD, "unanswered": WORD, "weight": NUMBER,
}  # fmt: skip
"""Columns of the frames, in their order; `frames` says what they mean."""

TURNS: Mapping[str, str] = {
    "turn": TEXT, "run": WORD, "agent": WORD, "label": WORD, "served": WORD, "round": COUNT, "kind": WORD,
    "truncated": TRUTH, "cleaned": TRUTH, "retried": TRUTH, "told": TRUTH,
}  # fmt: skip
TRANSCRIPTS: Mapping[str, str] = {
    "run": TEXT, "series": WORD, "status": WORD, "version": WORD, "started": WORD, "turns": COUNT,
    "packed": BYTES,
}  # fmt: skip
VERDICTS: Mapping[str, str] = {"run": TEXT, "coder": WORD, "cost_usd": NUMBER, "packed": BYTES}
"""Columns of what a reader is shown; `evidence` says what they mean."""

Tables = dict[str, pa.Table]


class Growing:
    """A table under construction."""

    def __init__(self, kinds: Mapping[str, str]) -> None:
        self._kinds = dict(kinds)
        self._columns: list[list[Any]] = [[] for _ in kinds]

    def extend(self, rows: Iterable[Sequence[Any]]) -> None:
        """A few rows at a time: they become parts of columns while they are still at hand."""
        for column, cells in zip(self._columns, zip(*rows, strict=True), strict=False):  # or there is no row
            column.extend(cells)

    def table(self) -> pa.Table:
        columns = zip(self._kinds.items(), self._columns, strict=True)
        return pa.table({name: array(kind, cells) for (name, kind), cells in columns})


def array(kind: str, values: Sequence[Any]) -> pa.Array:
    """One column of a kind."""
    try:
        array = pa.array(values, ARROW[kind])
    except UnicodeEncodeError:
        array = pa.array([value and without_surrogates(value) for value in values], ARROW[kind])
    except pa.ArrowInvalid:  # a whole number beyond those that floats tell apart
        array = pa.array([value if value is None else float(value) for value in values], ARROW[kind])
    return array.dictionary_encode() if kind == WORD else array


def without_surrogates(text: str) -> str:
    """Half a character, which models produce and journals keep, cannot stand in a data file: it becomes �."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
