"""A local model that stays loaded, its engines, and the cores they share. Runs in worker threads."""

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mascope.chat import local_gguf, local_models, local_prompt
from mascope.chat.local_engine import Engine, Generated, Setup, Stopped
from mascope.chat.local_models import LocalFile
from mascope.chat.local_options import TRANSCRIPT, Options, context_of, sampling
from mascope.chat.types import ChatTurn, Reply, Request
from mascope.errors import CallFailed, FailureKind
from mascope.records import Usage

_SMALL_BYTES = 1 << 30


class Cores:
    """The machine's cores, lent out first come, first served."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._free = count
        self._queue: deque[object] = deque()
        self._changed = threading.Condition()

    @contextmanager
    def lent(self, wanted: int) -> Iterator[None]:
        """Wait for `wanted` cores (for all, where it wants more than there are), and hold them."""
        wanted = min(wanted, self.count)
        self._take(wanted)
        try:
            yield
        finally:
            with self._changed:
                self._free += wanted
                self._changed.notify_all()

    def _take(self, wanted: int) -> None:
        ticket = object()
        with self._changed:
            self._queue.append(ticket)
            self._changed.wait_for(lambda: self._queue[0] is ticket and self._free >= wanted)
            self._queue.popleft()
            self._free -= wanted
            self._changed.notify_all()


@dataclass(frozen=True, slots=True)
class Loaded:
    """What is known of a model once it is loaded."""

    path: Path
    header: local_gguf.Header
    setup: Setup
    fingerprint: str
    reader: Engine
    """The engine that renders and tokenizes for all."""


@dataclass(frozen=True, slots=True)
class Prompt:
    tokens: list[int]
    parameters: dict[str, Any]
    plain: bool
    """Whether the model was shown plain text; the space after the cue is then no part of its answer."""


class Resident:
    """A model file with as many engines as it has slots, loaded when they are first needed."""

    def __init__(self, file: LocalFile, options: Options, cores: Cores) -> None:
        small = file.size_bytes < _SMALL_BYTES
        slots = options.slots or (min(2, cores.count) if small else 1)
        # Threads of one model wait for each other at every step. Where something else takes a core, two of
        # them on a small model are many times slower than one, and never twice as fast.
        self._threads = options.threads or (1 if small else cores.count)
        self.file, self.options = file, options
        self.workers = ThreadPoolExecutor(slots, f"local-{file.path.stem}")
        self._cores = cores
        self._lock = threading.Lock()
        self._loaded: Loaded | None = None
        self._idle: list[Engine] = []

    def answer(self, request: Request, ended: Callable[[], bool]) -> Reply:
        """The reply, or `CallFailed`. Gives up soon after `ended()` is true."""
        if ended():
            raise _given_up()
        loaded = self._load()
        prompt = self._prompt(loaded, request)
        with self._cores.lent(self._threads), self._engine(loaded, prompt.tokens) as engine:
            begun = time.monotonic()
            deadline = begun + request.model.deadline_s
            try:
                generated = engine.generate(
                    prompt.tokens, prompt.parameters, lambda: ended() or time.monotonic() > deadline
                )
            except Stopped as stopped:
                raise (_given_up() if ended() else _too_late(request)) from stopped
            return _reply(generated, loaded, prompt, time.monotonic() - begun)

    def close(self) -> None:
        """Wait for the workers, which must have been told to give up, and free the engines."""
        self.workers.shutdown()
        for engine in self._idle:
            engine.close()
        self._idle, self._loaded = [], None

    def _load(self) -> Loaded:
        with self._lock:
            if self._loaded is None:
                self._loaded = self._first()
                self._idle.append(self._loaded.reader)
            return self._loaded

    def _first(self) -> Loaded:
        path = local_models.ready(self.file)
        header = local_gguf.read(path)
        template = self.options.chat_template
        setup = Setup(
            context=context_of(self.options, header.context),
            threads=self._threads,
            kept_prompts=self.options.kept_prompts,
            chat_template=None if template == TRANSCRIPT else template,
        )
        mark = f"{local_models.fingerprint(path)}/xllamacpp-{version('xllamacpp')}"
        return Loaded(path, header, setup, mark, Engine(path, setup))

    @contextmanager
    def _engine(self, loaded: Loaded, tokens: list[int]) -> Iterator[Engine]:
        """The idle engine that remembers most of the prompt. A worker without one loads its own."""
        with self._lock:
            engine = max(self._idle, key=lambda idle: idle.reusable(tokens), default=None)
            if engine is None:
                engine = Engine(loaded.path, loaded.setup)
            else:
                self._idle.remove(engine)
        try:
            yield engine
        finally:
            with self._lock:
                self._idle.append(engine)

    def _prompt(self, loaded: Loaded, request: Request) -> Prompt:
        words = loaded.header.control_words
        turns = [ChatTurn(turn.role, local_prompt.safe(turn.text, words)) for turn in request.turns]
        parameters = sampling(request)
        plain = self._plain(loaded)
        if plain:
            written = local_prompt.transcript(turns) if request.schema is None else local_prompt.task(turns)
            text = written.text
            # A schema says by itself where the answer ends.
            stops = written.stops if request.schema is None else ()
            parameters["stop"] = [*parameters.get("stop", ()), *stops]
        else:
            text = loaded.reader.render(turns)
        return Prompt(_begun_once(loaded.reader.tokens(text), loaded.header.first_token), parameters, plain)

    def _plain(self, loaded: Loaded) -> bool:
        template = self.options.chat_template
        return template == TRANSCRIPT or (template is None and loaded.header.chat_template is None)


def _begun_once(tokens: list[int], first: int | None) -> list[int]:
    """Both the template and the tokenizer may have put the first token."""
    return tokens[1:] if first is not None and tokens[:2] == [first, first] else tokens


def _reply(generated: Generated, loaded: Loaded, prompt: Prompt, seconds: float) -> Reply:
    return Reply(
        text=generated.text.strip() if prompt.plain else generated.text,
        finish_reason=generated.finish_reason,
        usage=Usage(generated.prompt_tokens, generated.completion_tokens),
        served_model=loaded.path.name,
        fingerprint=loaded.fingerprint,
        cost_usd=0.0,
        latency_s=seconds,
        unsent=("schema",) if _ignored_schema(generated, prompt) else (),
    )


def _ignored_schema(generated: Generated, prompt: Prompt) -> bool:
    """llama.cpp says nothing where it cannot follow a schema; only a finished answer shows it."""
    if "json_schema" not in prompt.parameters or generated.finish_reason != "stop":
        return False
    try:
        json.loads(generated.text)
    except ValueError:
        return True
    return False


def _given_up() -> CallFailed:
    return CallFailed(FailureKind.DROPPED, "the call was given up before the model had answered")


def _too_late(request: Request) -> CallFailed:
    model = request.model
    return CallFailed(
        FailureKind.TIMEOUT, f"{model.served_by} had not finished within {model.deadline_s:g} s of starting"
    )
