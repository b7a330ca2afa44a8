"""The one verb to models, and the values it takes and gives."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal, Protocol, TypeAlias

from mascope.chat.tokens import PER_TURN, estimated
from mascope.chat.wellformed import well_formed
from mascope.records import Usage

Role: TypeAlias = Literal["system", "user", "assistant"]

Client: TypeAlias = Literal["direct", "litellm"]

HEAD = json.JSONEncoder(sort_keys=True, default=str).encode

NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class ChatTurn:
    """One entry of the list of messages that a model is sent.

    Not slotted: a turn is shared by many prompts, and keeps its digest, JSON and length once computed.
    """

    role: Role
    text: str

    @cached_property
    def digest(self) -> bytes:
        return hashlib.sha256(f"{self.role}\x00{self.text}".encode("utf-8", "surrogatepass")).digest()

    @cached_property
    def encoded(self) -> bytes:
        """As a JSON object in OpenAI's form, in UTF-8."""
        content = well_formed(self.text)
        return json.dumps({"role": self.role, "content": content}, ensure_ascii=False).encode()

    @cached_property
    def tokens(self) -> float:
        """About how many it takes in a prompt."""
        return estimated(self.text) + PER_TURN


@dataclass(frozen=True, slots=True)
class Sampling:
    """Parameters of one answer. `extra` goes to the provider as it is."""

    temperature: float | None = None
    max_tokens: int = 1024
    seed: int | None = None
    top_p: float | None = None
    extra: Mapping[str, Any] = field(default_factory=lambda: NOTHING)


@dataclass(frozen=True, slots=True)
class Model:
    """A model as a study or a panel declares it."""

    key: str
    served_by: str
    """Route and name: `groq/…`, `local/smollm2`, `rehearsal/plain`."""
    label: str
    base_url: str | None = None
    key_env: str | None = None
    """Name of the environment variable that holds the key; the key itself is never stored."""
    concurrency: int | None = None
    """Calls under way at once at most; None leaves it to the route."""
    deadline_s: float = 120.0
    """Total time one attempt may take, in seconds."""
    parameters: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    """Options of the route itself (a rehearsed persona's rates, a local model's context size)."""
    context_tokens: int | None = None
    """What prompt and answer may take together; None leaves it to the provider to refuse."""
    client: Client | None = None
    """Who sends its requests; None for the fastest that can."""

    @property
    def route(self) -> str:
        """What stands before the first slash: `groq`, `local`, `rehearsal`."""
        return self.served_by.partition("/")[0]

    @property
    def simulated(self) -> bool:
        return self.route == "rehearsal"


def usual_label(served_by: str) -> str:
    """What a reader knows a model by where nobody says: its own name, without route and maker."""
    return served_by.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Request:
    """One question to one model."""

    model: Model
    turns: tuple[ChatTurn, ...]
    sampling: Sampling = field(default_factory=Sampling)
    schema: Mapping[str, Any] | None = None
    """JSON Schema that the answer should follow; validated by the caller all the same."""

    def digest(self) -> str:
        """SHA-256 over all that is sent: the same prompt and parameters, the same digest."""
        sampling = self.sampling
        head = [
            self.model.served_by, self.model.base_url, sampling.temperature, sampling.max_tokens,
            sampling.seed, sampling.top_p, dict(sampling.extra), self.schema and dict(self.schema),
        ]  # fmt: skip
        turns = b"".join([turn.digest for turn in self.turns])
        return hashlib.sha256(HEAD(head).encode() + turns).hexdigest()


@dataclass(frozen=True, slots=True)
class Reply:
    """A model's answer, before hygiene."""

    text: str
    finish_reason: str | None
    usage: Usage | None
    reasoning: str | None = None
    served_model: str | None = None
    fingerprint: str | None = None
    cost_usd: float | None = None
    """As computed from usage by a price table, or reported by the server; None when unknown."""
    latency_s: float | None = None
    attempts: int = 1
    unsent: tuple[str, ...] = ()
    """What was asked for but not sent, because the provider does not take it: `seed`, `schema`."""


class Chat(Protocol):
    """Anything that answers requests. Wrappers (retrying, pacing, budget, cache) have the same verb."""

    async def complete(self, request: Request) -> Reply:
        """The answer, or `CallFailed`."""
        ...

    async def aclose(self) -> None:
        """Free what the chat holds (connections, loaded models)."""
        ...
