"""What answers cost and how much models hold, from a dated table. What is unknown is unknown, never nothing.

The table is the one that litellm ships as data (read as a file: litellm itself is not imported), or the
user's own: YAML with `date:` and, under `models:`, USD per million tokens as `{input: 0.59, output: 0.79}`,
with `context: 131072` where the model's limit is known too (tokens of prompt and answer together).
"""

import datetime
import importlib.metadata
import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from mascope.chat.types import Model
from mascope.records import Usage
from mascope.yamlfile import Strict, read, validate

FREE_ROUTES = frozenset({"local", "rehearsal"})
SHIPPED = "model_prices_and_context_window_backup.json"


@dataclass(frozen=True, slots=True)
class Rate:
    """USD per token. Reasoning tokens are paid as output."""

    input: float
    output: float

    def cost(self, usage: Usage) -> float:
        return usage.prompt * self.input + usage.completion * self.output


@dataclass(frozen=True, slots=True)
class PriceTable:
    source: str
    """Where the prices are from and of when, for the researcher to judge."""
    rates: Mapping[str, Rate]
    limits: Mapping[str, int] = field(default_factory=dict)
    """Tokens that a model holds, prompt and answer together."""

    def rate(self, model: Model) -> Rate | None:
        """None where the price is unknown: always at an address of one's own, unless the table names it."""
        if model.route in FREE_ROUTES:
            return Rate(0.0, 0.0)
        return next((self.rates[name] for name in _names(model) if name in self.rates), None)

    def limit(self, model: Model) -> int | None:
        """How many tokens of prompt and answer together the model holds; None where that is not known."""
        return next((self.limits[name] for name in _names(model) if name in self.limits), None)

    def cost(self, model: Model, usage: Usage) -> float | None:
        """USD for one answer; None where the price is unknown."""
        rate = self.rate(model)
        return rate.cost(usage) if rate is not None else None


def _names(model: Model) -> list[str]:
    """By which a table may know it."""
    return [model.served_by] if model.base_url else [model.served_by, model.served_by.partition("/")[2]]


class RateFile(Strict):
    input: float = Field(ge=0)
    output: float = Field(ge=0)
    context: int | None = Field(default=None, ge=1)


class PricesFile(Strict):
    date: str
    models: dict[str, RateFile]

    @field_validator("date", mode="before")
    @classmethod
    def _as_written(cls, value: Any) -> Any:
        # YAML reads 2026-11-01 without quotes as a date.
        return value.isoformat() if isinstance(value, datetime.date) else value


def load_prices(file: Path | None = None) -> PriceTable:
    """The table in `file` laid over the shipped one; the shipped one alone without `file`."""
    shipped = shipped_prices()
    if file is None:
        return shipped
    raw = validate(PricesFile, read(file))
    own = {name: Rate(rate.input / 1e6, rate.output / 1e6) for name, rate in raw.models.items()}
    limits = {name: rate.context for name, rate in raw.models.items() if rate.context is not None}
    source = f"{file} of {raw.date}, else {shipped.source}"
    return PriceTable(source, {**shipped.rates, **own}, {**shipped.limits, **limits})


@cache
def shipped_prices() -> PriceTable:
    package = importlib.util.find_spec("litellm")
    if package is None or package.origin is None:
        return PriceTable("no price table", {})
    table: Mapping[str, Any] = json.loads(Path(package.origin).with_name(SHIPPED).read_bytes())
    source = f"the price table of litellm {importlib.metadata.version('litellm')}"
    return PriceTable(source, dict(_rates(table)), dict(_limits(table)))


def _rates(table: Mapping[str, Any]) -> list[tuple[str, Rate]]:
    priced = ("input_cost_per_token", "output_cost_per_token")
    return [
        (name, Rate(float(entry[priced[0]]), float(entry[priced[1]])))
        for name, entry in table.items()
        if isinstance(entry, dict) and all(isinstance(entry.get(key), int | float) for key in priced)
    ]


def _limits(table: Mapping[str, Any]) -> list[tuple[str, int]]:
    """The most that a model reads, taken for prompt and answer together: with most providers it is that.

    Where it is of the prompt alone, a call is judged too long by the length of one answer too early.
    """
    entries = ((name, entry) for name, entry in table.items() if isinstance(entry, dict))
    limits = ((name, entry.get("max_input_tokens")) for name, entry in entries)
    return [(name, limit) for name, limit in limits if isinstance(limit, int) and limit > 0]
