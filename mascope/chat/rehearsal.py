"""`rehearsal/<persona>`: simulated models that need no key and whose true flag rates are known.

An answer depends only on the request (prompt, parameters, seed), the model's key and its options: the same
study gives the same discussion again. Agents speak sentences whose flags are known (`rehearsed_agent`); asked
for structured output, the same model is a judge that errs at known rates (`rehearsed_judge`). So a study can
be gone through before it costs anything, and what is computed from it can be held against `true_rates`.
"""

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from mascope.chat.draws import Draws
from mascope.chat.phrases import BANKS, Bank
from mascope.chat.rehearsed_agent import FLAGS, Persona, possible, scene, speech
from mascope.chat.rehearsed_judge import UNREADABLE, Accuracy, judgement, targets
from mascope.chat.rehearsed_probe import private_answer
from mascope.chat.types import Chat, Model, Reply, Request
from mascope.errors import CallFailed, FailureKind, InvalidFile, InvalidInput
from mascope.records import Usage
from mascope.yamlfile import Document, Strict, nearest, validate


def _rates(
    phatic: float, meta: float, lead: float, arch: float, agree: float, comp: float
) -> dict[str, float]:
    return dict(zip(FLAGS, (phatic, meta, lead, arch, agree, comp), strict=True))


PERSONAS: Mapping[str, Persona] = {
    "plain": Persona(_rates(0.06, 0.08, 0.15, 0.20, 0.25, 0.15)),
    "leader": Persona(_rates(0.03, 0.22, 0.50, 0.15, 0.15, 0.30), words=110),
    "critic": Persona(_rates(0.02, 0.40, 0.10, 0.15, 0.04, 0.10), words=90),
    "architect": Persona(_rates(0.02, 0.05, 0.12, 0.60, 0.15, 0.05), words=130),
    "chatty": Persona(_rates(0.35, 0.10, 0.04, 0.04, 0.30, 0.10), words=40),
    "follower": Persona(_rates(0.12, 0.03, 0.03, 0.10, 0.60, 0.10), words=50),
    "quiet": Persona(_rates(0.10, 0.01, 0.01, 0.02, 0.02, 0.02), words=35),
    "judge": Persona(_rates(0.06, 0.08, 0.15, 0.20, 0.25, 0.15)),
}
"""The personas, by the name after `rehearsal/`. `judge` speaks like `plain`: a name for judges to have."""


# Options, as a study or a panel gives them under `parameters` ----------------------------------------------

Share = Annotated[float, Field(ge=0, le=1)]


class _Flags(Strict):
    PHATIC: Share | None = None
    META: Share | None = None
    LEAD: Share | None = None
    ARCH: Share | None = None
    AGREE: Share | None = None
    COMP: Share | None = None

    def over(self, base: Mapping[str, float]) -> dict[str, float]:
        return {**base, **self.model_dump(exclude_none=True)}


class _OneForAll(_Flags):
    """Flag → value, or one number for all."""

    @model_validator(mode="before")
    @classmethod
    def _number(cls, value: Any) -> Any:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return dict.fromkeys(FLAGS, value) if is_number else value


class _Levels(Strict):
    L1: Share = 0.0
    L2: Share = 0.0
    L3: Share = 0.0

    @model_validator(mode="after")
    def _whole(self) -> "_Levels":
        if not math.isclose(self.L1 + self.L2 + self.L3, 1.0, abs_tol=1e-9):
            raise ValueError("the shares of the levels must add up to 1")
        return self


class Options(Strict):
    """What can be set under a rehearsed model's `parameters`; all of it optional."""

    rates: _Flags = _Flags()
    """Flag → its true rate, over the persona's."""
    levels: _Levels | None = None
    words: float | None = Field(default=None, ge=1, le=5000)
    """Mean words of a message that is not PHATIC."""
    language: Literal["en", "fr"] = "en"
    seed: int = 0
    """Another one gives other answers to the same requests."""
    latency: float = Field(default=0.0, ge=0, le=600)
    """Mean seconds until an answer; each takes between half of it and one and a half."""
    failures: dict[FailureKind, Share] = {}
    """Kind of failure → probability at each attempt. One number stands for `server`."""
    empty: Share = 0.0
    """Probability that an answer has no text: all its tokens went into reasoning."""
    reasoning: Share = 0.0
    """Probability that an answer begins with reasoning between tags."""
    sensitivity: _OneForAll = _OneForAll()
    """Of a judge: flag → probability that it sees the flag where it is, if it decides at all."""
    specificity: _OneForAll = _OneForAll()
    """Of a judge: flag → probability that it sees no flag where none is."""
    unsure: Share = 0.0
    """Of a judge: probability of "cannot tell", for each flag of each message."""
    unreadable: Share = 0.0
    """Of a judge: probability that an answer cannot be read."""
    abstain: Share = 0.0
    """Of a judge: probability that an answer is withheld by a content filter."""

    @field_validator("failures", mode="before")
    @classmethod
    def _server_errors(cls, value: Any) -> Any:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return {"server": value} if is_number else value

    @field_validator("failures")
    @classmethod
    def _at_most_certain(cls, value: dict[FailureKind, float]) -> dict[FailureKind, float]:
        if math.fsum(value.values()) > 1:
            raise ValueError("the probabilities of the failures add up to more than 1")
        return value


SENSITIVITY, SPECIFICITY = 0.9, 0.95
"""Of a rehearsed judge for every flag, where its options say nothing else."""


def persona_of(model: Model) -> Persona:
    """The persona of a rehearsed model with its options applied; `InvalidInput` where they cannot be."""
    return _persona(model, _options(model))


def true_rates(model: Model, *, peers: bool = True, failed: bool = False) -> Mapping[str, float]:
    """Flag → exact probability that a message of this model shows it.

    `peers`: whether it has anybody to name (a list in its system prompt, or others in the transcript);
    without, it neither agrees nor leads. `failed`: whether it was shown a notice that an agent failed;
    without, no COMP. Empty answers are no messages and do not count; max_tokens must leave room for the
    sentences that show flags.
    """
    return possible(persona_of(model).rates, peers=peers, failed=failed)


def check(model: Model) -> None:
    """`InvalidInput` names a persona or option that does not exist."""
    persona_of(model)


def open_rehearsal(model: Model) -> Chat:
    """The chat that answers for `model`, and for no other; `InvalidInput` as `check` raises it."""
    options = _options(model)
    return Rehearsal(_persona(model, options), _accuracy(options), options)


def judge_accuracy(model: Model) -> Accuracy:
    """How this model errs as a judge; `InvalidInput` as `check` raises it."""
    return _accuracy(_options(model))


def _accuracy(options: Options) -> Accuracy:
    return Accuracy(
        options.sensitivity.over(dict.fromkeys(FLAGS, SENSITIVITY)),
        options.specificity.over(dict.fromkeys(FLAGS, SPECIFICITY)),
        options.unsure,
    )


def _options(model: Model) -> Options:
    try:
        return validate(Options, Document(Path(model.served_by), dict(model.parameters)))
    except InvalidFile as error:
        place = ".".join(part for part in ("parameters", error.key) if part)
        raise InvalidInput(f"model {model.key!r} ({model.served_by}): {place}: {error.problem}") from error


def _persona(model: Model, options: Options) -> Persona:
    name = model.served_by.partition("/")[2]
    if name not in PERSONAS:
        hint = nearest(name, PERSONAS)
        raise InvalidInput(f"model {model.key!r}: there is no rehearsed persona {name!r}{hint}")
    persona = PERSONAS[name]
    rates = options.rates.over(persona.rates)
    for flag, rate in rates.items():
        if flag != "PHATIC" and rate > 1 - rates["PHATIC"] + 1e-9:
            raise InvalidInput(
                f"model {model.key!r} ({model.served_by}): parameters.rates: {flag} {rate:g} and PHATIC "
                f"{rates['PHATIC']:g} add up to more than 1, but a PHATIC message shows nothing else"
            )
    levels = options.levels.model_dump() if options.levels else persona.levels
    return replace(persona, rates=rates, levels=levels, words=options.words or persona.words)


# Answering -------------------------------------------------------------------------------------------------

TOKEN = 4
"""Characters that a token is taken to have."""


@dataclass(frozen=True, slots=True)
class _Said:
    text: str
    finish_reason: str = "stop"
    reasoning: int = 0
    """Tokens of reasoning that are not in the text."""


class Rehearsal:
    """Answers as one rehearsed model."""

    def __init__(self, persona: Persona, accuracy: Accuracy, options: Options) -> None:
        self._persona, self._accuracy, self._options = persona, accuracy, options
        self._bank: Bank = BANKS[options.language]
        self._attempts: dict[str, int] = {}
        """Request → attempts so far, until it is answered: each attempt has its own luck."""

    async def complete(self, request: Request) -> Reply:
        digest = request.digest()
        attempt = self._attempts.get(digest, 0)
        self._attempts[digest] = attempt + 1
        draws = Draws(digest, request.model.key, self._options.seed)
        took = await self._wait(request.model, draws, attempt)
        self._fail(draws, attempt)
        said = self._empty(request, draws) or self._answer(request, draws)
        self._attempts.pop(digest, None)
        return _reply(request, said, took)

    async def aclose(self) -> None:
        """Nothing is held."""

    async def _wait(self, model: Model, draws: Draws, attempt: int) -> float:
        """The simulated latency, in seconds; without one, nothing is waited for."""
        if not self._options.latency:
            return 0.0
        latency = self._options.latency * (0.5 + draws.uniform(f"latency {attempt}"))
        await asyncio.sleep(min(latency, model.deadline_s))
        if latency > model.deadline_s:
            raise CallFailed(FailureKind.TIMEOUT, f"rehearsed: no answer within {model.deadline_s:g} s")
        return latency

    def _fail(self, draws: Draws, attempt: int) -> None:
        kind = draws.weighted(f"failure {attempt}", self._options.failures)
        if kind is not None:
            wait = self._options.latency if kind is FailureKind.RATE_LIMIT else None
            raise CallFailed(kind, "rehearsed failure", wait)

    def _empty(self, request: Request, draws: Draws) -> _Said | None:
        if draws.chance("empty", self._options.empty):
            return _Said("", "length", request.sampling.max_tokens)
        return None

    def _answer(self, request: Request, draws: Draws) -> _Said:
        if request.schema is not None:
            return self._judge(request, request.schema, draws)
        private = private_answer(request.turns[-1].text, draws) if request.turns else None
        if private is not None:
            return _Said(private)
        text = speech(self._persona, self._bank, scene(request.turns), draws)
        if draws.chance("reasoning", self._options.reasoning):
            text = f"<think>\n{draws.choice('thought', self._bank.thoughts)}\n</think>\n\n{text}"
        return _Said(text)

    def _judge(self, request: Request, schema: Mapping[str, Any], draws: Draws) -> _Said:
        asked = targets(request.turns[-1].text)
        if not asked:
            raise CallFailed(
                FailureKind.REJECTED, "a rehearsed model gives structured answers to judging prompts only"
            )
        if draws.chance("abstain", self._options.abstain):
            return _Said("", "content_filter")
        answer = judgement(self._accuracy, asked, schema, draws)
        if draws.chance("unreadable", self._options.unreadable):
            answer = draws.choice("garbage", UNREADABLE)(answer)
        return _Said(answer)


def _reply(request: Request, said: _Said, took: float) -> Reply:
    room = request.sampling.max_tokens * TOKEN
    cut = len(said.text) > room
    text = said.text[:room]
    completion = _tokens(len(text)) + said.reasoning
    return Reply(
        text=text,
        finish_reason="length" if cut else said.finish_reason,
        usage=Usage(
            _tokens(sum(len(turn.text) for turn in request.turns)), completion, said.reasoning or None
        ),
        served_model=request.model.served_by,
        cost_usd=0.0,
        latency_s=took,
    )


def _tokens(characters: int) -> int:
    return -(-characters // TOKEN)
