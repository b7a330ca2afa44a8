"""Which models are there, and do those of a study answer?"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mascope.chat.local_models import available
from mascope.chat.prices import load_prices
from mascope.chat.routes import missing_for
from mascope.chat.types import Chat, ChatTurn, Model, Request, Sampling
from mascope.errors import CallFailed, MissingPrerequisite
from mascope.pipeline.opening import close, open_chats
from mascope.pipeline.planning import used_models
from mascope.study import load_study

ONE_WORD = ChatTurn("user", "Answer with the one word: here")


@dataclass(frozen=True, slots=True)
class Ping:
    model: Model
    problem: str | None
    """None where it answered."""
    seconds: float | None

    @property
    def answered(self) -> bool:
        return self.problem is None

    def as_json(self) -> dict[str, Any]:
        about = {"model": self.model.key, "served_by": self.model.served_by}
        return {**about, "answered": self.answered, "seconds": self.seconds, "problem": self.problem}


@dataclass(frozen=True, slots=True)
class Opened:
    models: tuple[Model, ...]
    chats: Mapping[str, Chat]
    missing: Mapping[str, str]


def local_models() -> list[dict[str, Any]]:
    return [
        {"name": f"local/{found.name}", "megabytes": found.size_bytes / 1e6, "file": str(found.path)}
        for found in available()
    ]


def opened(study: Path) -> Opened:
    """The models that a study uses, opened where nothing is missing."""
    models = tuple(used_models(load_study(study)))
    missing: dict[str, str] = {}
    for model in models:
        for problem in missing_for([model]):
            missing[model.key] = problem
    ready = [model for model in models if model.key not in missing]
    return Opened(models, open_chats(ready, load_prices(), None), missing)


async def ping(opened: Opened) -> tuple[Ping, ...]:
    """Ask each model for one word, all at once."""
    try:
        return tuple(await asyncio.gather(*(_ping(model, opened) for model in opened.models)))
    finally:
        await close(opened.chats)


async def _ping(model: Model, opened: Opened) -> Ping:
    if model.key in opened.missing:
        return Ping(model, opened.missing[model.key], None)
    begun = time.perf_counter()
    try:
        await opened.chats[model.key].complete(Request(model, (ONE_WORD,), Sampling(max_tokens=16)))
    except (CallFailed, MissingPrerequisite) as error:
        return Ping(model, str(error), None)
    return Ping(model, None, time.perf_counter() - begun)
