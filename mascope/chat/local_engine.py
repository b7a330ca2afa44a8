"""One GGUF model in llama.cpp (through xllamacpp): a prompt in, a text out, the same text for the same seed.

What decides the numbers, as tried with xllamacpp 2026.10 on two models (equal log-probabilities to the last
bit over hundreds of requests with different histories):

- Rounding depends on which tokens are computed together. A context therefore serves one request at a time,
  and prompts are computed in blocks of `BLOCK` tokens that begin at multiples of it.
- A prompt's beginning is taken over from an earlier prompt in whole blocks, never from a *generated* text,
  whose tokens were computed one by one. Left to itself llama.cpp reuses any common beginning, and the same
  request then gives another text the second time.
- With flash attention the number of threads changes the numbers too; without it, it does not.

xllamacpp listens on a port of 127.0.0.1. It is given a random key, and serves tokenizer and templates there.
Loading holds Python's interpreter lock for its whole time (0.3–0.7 s for the packaged models).
"""

import http.client
import json
import random
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mascope.chat.types import ChatTurn
from mascope.errors import CallFailed, FailureKind, MissingPrerequisite

BLOCK = 64
"""Tokens computed together. Larger blocks were not faster on a CPU, and repeat more work for each prompt."""

_SILENT = -1
_TOKENIZER_S = 60.0
_FILLERS = (100, 101, 102)
"""Tokens that every vocabulary has; which ones does not matter."""

Stop = Callable[[], bool]
"""Asked between blocks and between tokens: should the generation end now?"""


@dataclass(frozen=True, slots=True)
class Setup:
    """How a model is loaded."""

    context: int
    """Tokens of prompt and answer together."""
    threads: int
    kept_prompts: int
    """How many prompts stay in memory for their beginnings to be reused."""
    chat_template: str | None = None
    """Jinja text (or `chatml`) in place of the file's own template."""


@dataclass(frozen=True, slots=True)
class Generated:
    text: str
    finish_reason: str
    prompt_tokens: int
    reused_tokens: int
    """Tokens of the prompt that an earlier prompt had begun with, and that were not computed again."""
    completion_tokens: int


class Stopped(Exception):
    """The generation was ended from outside."""


class _NotReused(Exception):
    """llama.cpp took over another number of tokens than it was led to."""


class Engine:
    """A loaded model. `generate` is for one thread at a time; `render` and `tokens` may run beside it."""

    def __init__(self, path: Path, setup: Setup) -> None:
        self._key = secrets.token_hex(16)
        self._server = _load(path, setup, self._key)
        self._port = int(self._server.listening_address.rpartition(":")[2])
        self._kept: list[Sequence[int]] = [()] * setup.kept_prompts
        self._random = random.Random(0)  # noqa: S311 -- chooses a place in memory, no secret
        self._reuses = True

    def render(self, turns: Sequence[ChatTurn]) -> str:
        """The turns as the chat template writes them, up to where the model's answer begins."""
        messages = [{"role": turn.role, "content": turn.text} for turn in turns]
        return str(self._ask("/apply-template", {"messages": messages})["prompt"])

    def tokens(self, text: str) -> list[int]:
        answer = self._ask("/tokenize", {"content": text, "add_special": True, "parse_special": True})
        return [int(token) for token in answer["tokens"]]

    def reusable(self, prompt: Sequence[int]) -> int:
        """How many tokens at the prompt's beginning are in memory."""
        return max(common_blocks(kept, prompt) for kept in self._kept)

    def generate(self, prompt: Sequence[int], parameters: Mapping[str, Any], stop: Stop) -> Generated:
        """Go on from the prompt. Raises `CallFailed`, or `Stopped` once `stop()` is true.

        `parameters` as llama.cpp names them: temperature, seed, max_tokens, stop, json_schema …
        """
        place, reused = self._place(prompt)
        # Whatever ends this early leaves the place in an unknown state, so nothing there is reused after it.
        kept, self._kept[place] = self._kept[place], ()
        try:
            self._cut(place, kept, prompt, reused)
            generated = self._stream(place, prompt, reused, parameters, stop)
        except _NotReused:
            # Models with a recurrent state cannot be cut back. They work, but compute each prompt anew.
            self._reuses = False
            generated = self._stream(place, prompt, 0, parameters, stop)
        if self._reuses:
            self._kept[place] = prompt
        return generated

    def close(self) -> None:
        """Free the model. What is under way must have been stopped."""
        self._server = None

    def _place(self, prompt: Sequence[int]) -> tuple[int, int]:
        """Where to compute the prompt, and how much of it is there already."""
        common = [common_blocks(kept, prompt) for kept in self._kept]
        if reused := max(common):
            return common.index(reused), reused
        free = [place for place, kept in enumerate(self._kept) if not kept]
        # Not the least recently used: speakers take turns, so that one is the very next to be wanted.
        return (free[0] if free else self._random.randrange(len(self._kept))), 0

    def _cut(self, place: int, kept: Sequence[int], prompt: Sequence[int], reused: int) -> None:
        """Leave just `reused` tokens at the place.

        llama.cpp would take over as much as the two prompts have in common, in the middle of a block too. A
        short prompt that differs from both right after the wanted tokens makes it drop the rest.
        """
        if not reused or kept[reused] != prompt[reused]:
            return
        other = next(token for token in _FILLERS if token != prompt[reused])
        self._stream(place, [*prompt[:reused], other], reused, {"max_tokens": 1, "temperature": 0}, _never)

    def _stream(
        self, place: int, prompt: Sequence[int], reused: int, parameters: Mapping[str, Any], stop: Stop
    ) -> Generated:
        body = {
            **parameters,
            "prompt": list(prompt),
            "n": 1,
            "id_slot": place,
            "cache_prompt": reused > 0,
            "stream": True,
            "stream_options": {"include_usage": True},
            "return_progress": True,
        }
        answer = _Answer(reused, stop)
        try:
            self._server.handle_completions(body, answer)
        except (ValueError, RuntimeError) as error:
            raise CallFailed(FailureKind.REJECTED, f"llama.cpp: {error}") from error
        return answer.generated()

    def _ask(self, path: str, body: Mapping[str, Any]) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_TOKENIZER_S)
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        try:
            connection.request("POST", path, json.dumps(body), headers)
            answer = json.loads(connection.getresponse().read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise CallFailed(FailureKind.SERVER, f"llama.cpp's tokenizer: {error}") from error
        finally:
            connection.close()
        if "error" in answer:
            raise _failure(answer["error"])
        return answer


class _Answer:
    """Takes in what llama.cpp streams. Returning True ends the generation; exceptions would be lost here."""

    def __init__(self, reused: int, stop: Stop) -> None:
        self._reused, self._stop = reused, stop
        self._text: list[str] = []
        self._finish_reason: str | None = None
        self._usage: Mapping[str, Any] | None = None
        self._ended: Exception | None = None

    def __call__(self, chunk: Mapping[str, Any]) -> bool:
        if "error" in chunk:
            self._ended = _failure(chunk["error"])
        elif chunk.get("prompt_progress", {}).get("cache", self._reused) != self._reused:
            self._ended = _NotReused()
        elif self._stop():
            self._ended = Stopped()
        else:
            self._take(chunk)
        return self._ended is not None

    def _take(self, chunk: Mapping[str, Any]) -> None:
        for choice in chunk.get("choices", ()):
            self._text.append(choice.get("text") or "")
            self._finish_reason = choice.get("finish_reason") or self._finish_reason
        self._usage = chunk.get("usage") or self._usage

    def generated(self) -> Generated:
        if self._ended is not None:
            raise self._ended
        if self._finish_reason is None or self._usage is None:
            raise CallFailed(FailureKind.SERVER, "llama.cpp broke off its answer without saying why")
        return Generated(
            text="".join(self._text),
            finish_reason=self._finish_reason,
            prompt_tokens=self._usage["prompt_tokens"],
            reused_tokens=self._reused,
            completion_tokens=self._usage["completion_tokens"],
        )


def common_blocks(kept: Sequence[int], prompt: Sequence[int]) -> int:
    """How many whole blocks' tokens both begin with, leaving at least one token of each beyond them."""
    most = min(len(kept), len(prompt)) - 1
    end = 0
    while end + BLOCK <= most and kept[end : end + BLOCK] == prompt[end : end + BLOCK]:
        end += BLOCK
    return end


def _load(path: Path, setup: Setup, key: str) -> Any:
    import xllamacpp  # an extra, and 100 MB: not before a model is wanted

    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx, params.n_parallel = setup.context * setup.kept_prompts, setup.kept_prompts
    params.n_batch = params.n_ubatch = BLOCK
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = setup.threads
    params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    # Each prompt in memory of its own, and nothing kept or dropped that was not asked for.
    params.kv_unified, params.swa_full, params.ctx_shift = False, True, False
    params.cache_ram_mib, params.n_ctx_checkpoints, params.cache_idle_slots = 0, 0, False
    # A chat that ends with the model's own turn asks for a new one, not for more of the last.
    params.prefill_assistant = False
    params.warmup, params.fit_params, params.ui = False, False, False
    params.verbosity, params.n_threads_http, params.api_keys = _SILENT, 2, [key]
    if setup.chat_template is not None:
        params.chat_template = setup.chat_template
    try:
        return xllamacpp.Server(params)
    except RuntimeError as error:
        raise MissingPrerequisite(
            f"llama.cpp cannot load {path} with a context of {setup.context} tokens and {setup.kept_prompts} "
            "kept prompts: the file is damaged or of a newer kind (pip install -U xllamacpp), the template "
            "is invalid, or there is too little memory (lower `context` or `kept_prompts`)"
        ) from error


def _failure(error: Mapping[str, Any]) -> CallFailed:
    """llama.cpp's own error as ours."""
    message = f"llama.cpp: {error.get('message', error)}"
    if error.get("type") == "exceed_context_size_error":
        return CallFailed(FailureKind.CONTEXT, f"{message} (`context` among the model's parameters)")
    refused = 400 <= int(error.get("code", 500)) < 500
    return CallFailed(FailureKind.REJECTED if refused else FailureKind.SERVER, message)


def _never() -> bool:
    return False
