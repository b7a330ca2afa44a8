"""What every coder of a panel can do, and what its codes are known by."""

import hashlib
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from mascope.codebook import Judge, Panel
from mascope.errors import CallFailed
from mascope.judging import fencing, prompt
from mascope.judging.units import Unit
from mascope.records import Verdict
from mascope.store.codes import CoderHeader


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict and how it came about."""

    verdict: Verdict
    about: Mapping[str, Any] = field(default_factory=dict)
    """As it is written beside the verdict: usage, cost_usd, latency_s, attempts, …"""


class Halted(Exception):
    """No more calls are wanted. Raised in place of a call that was about to be sent."""


class CallLog(Protocol):
    """Is told of each attempt at a call, before it is made and when it fails."""

    def sending(self, messages: Sequence[str], request: str, attempt: int) -> None:
        """The call is about to be sent; `Halted` keeps it back."""
        ...

    def failed(
        self, messages: Sequence[str], attempt: int, error: CallFailed, retry_in: float | None
    ) -> None: ...


class Coder(Protocol):
    """Anything that codes units."""

    @property
    def header(self) -> CoderHeader: ...

    @property
    def batch(self) -> int:
        """Units that it takes at once."""
        ...

    @property
    def concurrency(self) -> int:
        """Batches under way at once, at most."""
        ...

    def code(self, units: Sequence[Unit], log: CallLog) -> AsyncGenerator[Judged, None]:
        """One verdict for each unit, each as soon as it is there."""
        ...


def coder_digest(judge: Judge, panel: Panel) -> str:
    """SHA-256 of all that can change a judge's codes: model, sampling, codebook, prompt, blinding, context.

    Not of what only changes how fast they come (concurrency, deadline) or what the rule-based coder needs.
    """
    form = prompt.form(panel.codebook, panel.ask, batched=panel.batch > 1)
    model, sampling = judge.model, judge.sampling
    parts = [
        prompt.VERSION, fencing.TARGET_LIMIT, fencing.CONTEXT_LIMIT, form.system.text, form.schema,
        model.served_by, model.base_url, dict(model.parameters),
        sampling.temperature, sampling.max_tokens, sampling.seed, sampling.top_p, dict(sampling.extra),
        panel.context, panel.batch, panel.blind, panel.seed,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
