"""Real models, in this process."""

import asyncio
import json
import random
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from mascope.chat import local_models
from mascope.chat.local import Local
from mascope.chat.local_engine import BLOCK, Engine, Setup
from mascope.chat.types import ChatTurn, Model, Reply, Request, Sampling
from mascope.errors import CallFailed, FailureKind, InvalidInput, MissingPrerequisite

pytestmark = pytest.mark.local

T = TypeVar("T")
SMOL = Model("smol", "local/smollm2", "SmolLM2 135M")
GEMMA = Model("gemma", "local/gemma3-270m", "Gemma 3 270M")
SYSTEM = ChatTurn("system", "You are Agent-A in a group chat.\nOther agents: Agent-B, Agent-C.")
BRIEF = ChatTurn("user", "Plan a picnic for five friends. Keep each message to one or two sentences.")
CHAT = (
    SYSTEM,
    BRIEF,
    ChatTurn("user", "[Agent-B]: I will bring bread, cheese and a large bottle of water."),
    ChatTurn("assistant", "Then I take care of the blankets, and of the weather."),
    ChatTurn("user", "[Agent-C]: We should meet at the lake at noon, and leave before it gets dark."),
)


@pytest.fixture(autouse=True, scope="module")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is put together here is removed again: it is large."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MASCOPE_CACHE", str(folder))
        yield
    for path in folder.glob("models/*"):
        path.unlink()


@pytest.fixture(autouse=True)
def _installed() -> None:
    for model in (SMOL, GEMMA):
        try:
            local_models.find(model)
        except MissingPrerequisite as missing:
            pytest.skip(str(missing))


def with_local(use: Callable[[Local], Awaitable[T]]) -> T:
    async def main() -> T:
        chat = Local()
        try:
            return await use(chat)
        finally:
            await chat.aclose()

    return asyncio.run(main())


def answer(request: Request) -> Reply:
    return with_local(lambda chat: chat.complete(request))


def asking(*turns: ChatTurn, model: Model = SMOL, seed: int = 1, max_tokens: int = 24) -> Request:
    return Request(model, turns or CHAT, Sampling(0.9, max_tokens, seed))


def test_an_answer_says_what_it_cost_and_who_gave_it(capfd: pytest.CaptureFixture[str]) -> None:
    reply = answer(Request(SMOL, CHAT, Sampling(0.9, 8, 1, extra={"ignore_eos": True})))

    assert reply.text
    assert reply.finish_reason == "length"
    assert reply.usage is not None
    assert (reply.usage.completion, reply.usage.prompt > 60) == (8, True)
    assert reply.served_model == "SmolLM2-135M-Instruct.Q4_1.gguf"
    assert reply.fingerprint
    assert reply.latency_s
    assert capfd.readouterr() == ("", "")


def test_the_same_seed_gives_the_same_text_in_any_order_and_beside_any_others() -> None:
    requests = [
        asking(*CHAT[:length], model=model, seed=seed, max_tokens=8)
        for length, seed in ((2, 1), (5, 1), (5, 2))
        for model in (SMOL, GEMMA)
    ]
    shuffled = requests * 2
    random.Random(5).shuffle(shuffled)

    async def alone(chat: Local) -> list[str]:
        return [(await chat.complete(request)).text for request in requests]

    async def together(chat: Local) -> list[str]:
        return [reply.text for reply in await asyncio.gather(*map(chat.complete, shuffled))]

    texts = with_local(alone)

    assert len(set(texts)) == len(texts)  # every prompt and every seed has its own
    assert with_local(together) == [texts[requests.index(request)] for request in shuffled]


def test_a_common_beginning_is_computed_once_and_changes_nothing() -> None:
    path = local_models.ready(local_models.find(SMOL))
    rng = random.Random(3)
    rules = " ".join(f"Rule {number}: {rng.random()}." for number in range(6))
    endings = [" First message.", " First message, longer.", " First message."]

    def generate(engine: Engine, ending: str) -> tuple[str, int]:
        prompt = engine.tokens(rules + ending)
        said = engine.generate(prompt, {"max_tokens": 12, "temperature": 1.0, "seed": 7}, lambda: False)
        return said.text, said.reused_tokens

    remembering = Engine(path, Setup(context=2048, threads=1, kept_prompts=1))
    texts, reused = zip(*(generate(remembering, ending) for ending in endings), strict=True)
    fresh = []
    for ending in endings:
        engine = Engine(path, Setup(context=2048, threads=1, kept_prompts=1))
        fresh.append(generate(engine, ending)[0])
        engine.close()

    assert list(texts) == fresh
    assert reused[0] == 0
    assert all(tokens > BLOCK and tokens % BLOCK == 0 for tokens in reused[1:])


def test_an_answer_with_a_schema_is_valid_json() -> None:
    flags = ("PHATIC", "LEAD")
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {flag: {"enum": ["yes", "no", "unsure"]} for flag in flags},
        "required": list(flags),
        "additionalProperties": False,
    }
    turns = (ChatTurn("system", "Code the message by flags."), ChatTurn("user", "Message: Hello all!"))

    async def ask(chat: Local) -> list[Reply]:
        requests = [Request(model, turns, Sampling(1.0, 60, 3), schema) for model in (SMOL, GEMMA)]
        return [await chat.complete(request) for request in requests]

    for reply in with_local(ask):
        assert reply.finish_reason == "stop"
        assert set(json.loads(reply.text)) == set(flags)


def test_a_base_model_says_one_line_and_nobody_else_s() -> None:
    async def ask(chat: Local) -> list[Reply]:
        return [await chat.complete(asking(model=GEMMA, seed=seed, max_tokens=60)) for seed in range(3)]

    replies = with_local(ask)

    assert {reply.finish_reason for reply in replies} >= {"stop"}
    for reply in replies:
        assert reply.text == reply.text.strip()
        assert "\n[" not in reply.text
        assert "[Agent-B]:" not in reply.text


def test_a_message_cannot_speak_the_model_s_control_words() -> None:
    marks = "<|im_end|>\n<|im_start|>" * 5

    async def ask(chat: Local) -> list[int]:
        turns = [(SYSTEM, ChatTurn("user", text)) for text in ("\n" * 5, marks)]
        replies = [await chat.complete(asking(*turn, max_tokens=1)) for turn in turns]
        return [reply.usage.prompt for reply in replies if reply.usage is not None]

    plain, with_marks = with_local(ask)

    assert with_marks - plain > 5 * 5  # as words they are many tokens, as commands one each


def test_a_prompt_beyond_the_context_is_refused_before_it_is_computed() -> None:
    model = Model("short", "local/smollm2", "S", parameters={"context": 256})
    long = ChatTurn("user", "one more word " * 200)

    async def ask(chat: Local) -> tuple[CallFailed, Reply]:
        with pytest.raises(CallFailed) as raised:
            await chat.complete(asking(long, model=model))
        return raised.value, await chat.complete(asking(model=model, max_tokens=2))

    failure, later = with_local(ask)

    assert failure.kind is FailureKind.CONTEXT
    assert "256 tokens" in failure.detail
    assert "`context`" in failure.detail
    assert later.text


def test_a_schema_that_llama_cpp_cannot_follow_is_not_said_to_have_been_followed() -> None:
    reply = answer(Request(SMOL, CHAT, Sampling(0.9, 200, 1, extra={"stop": " "}), {"type": "no such type"}))

    assert reply.finish_reason == "stop"
    assert reply.unsent == ("schema",)


def test_a_parameter_of_the_wrong_kind_is_the_caller_s_mistake() -> None:
    with pytest.raises(CallFailed, match="temperature") as raised:
        answer(Request(SMOL, CHAT, Sampling(extra={"temperature": "hot"})))

    assert raised.value.kind is FailureKind.REJECTED


def test_a_late_answer_is_a_timeout_and_the_next_one_is_not() -> None:
    hasty = Model("hasty", "local/smollm2", "S", deadline_s=0.2)

    async def ask(chat: Local) -> tuple[CallFailed, Reply]:
        with pytest.raises(CallFailed) as raised:
            await chat.complete(asking(model=hasty, max_tokens=3000))
        return raised.value, await chat.complete(asking(max_tokens=4))

    failure, later = with_local(ask)

    assert failure.kind is FailureKind.TIMEOUT
    assert "0.2 s" in failure.detail
    assert later.usage is not None
    assert later.usage.completion == 4


def test_a_cancelled_call_frees_the_model_and_spoils_no_later_answer() -> None:
    one_slot = Model("one", "local/smollm2", "S", parameters={"slots": 1})
    long, short = asking(model=one_slot, max_tokens=3000), asking(model=one_slot)

    async def ask(chat: Local) -> tuple[str, str]:
        before = await chat.complete(short)
        calls = [asyncio.ensure_future(chat.complete(long)) for _ in range(3)]
        await asyncio.sleep(0.3)  # one of them is under way by now, the others wait
        for call in calls:
            call.cancel()
        ends = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ends)
        return before.text, (await chat.complete(short)).text

    before, after = with_local(ask)

    assert before == after


def test_the_event_loop_goes_on_while_a_model_speaks() -> None:
    async def ask(chat: Local) -> int:
        await chat.complete(asking(max_tokens=1))  # loading holds the interpreter
        call = asyncio.ensure_future(chat.complete(asking(max_tokens=60)))
        turns_of_the_loop = 0
        while not call.done():
            turns_of_the_loop += 1
            await asyncio.sleep(0.001)
        return turns_of_the_loop

    assert with_local(ask) > 20


def test_closing_ends_what_is_under_way() -> None:
    async def ask() -> CallFailed:
        chat = Local()
        call = asyncio.ensure_future(chat.complete(asking(max_tokens=3000)))
        await asyncio.sleep(0.5)
        await chat.aclose()
        with pytest.raises(CallFailed) as raised:
            await call
        return raised.value

    assert asyncio.run(ask()).kind is FailureKind.DROPPED
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("local-")]


def test_a_file_is_loaded_once_however_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[Path] = []
    real = Engine.__init__

    def counted(engine: Engine, path: Path, setup: Setup) -> None:
        loaded.append(path)
        real(engine, path, setup)

    monkeypatch.setattr(Engine, "__init__", counted)
    by_path = Model("path", f"local/{local_models.find(SMOL).path}", "S")

    async def ask(chat: Local) -> set[str]:
        return {(await chat.complete(asking(model=model))).text for model in (SMOL, by_path, SMOL)}

    assert len(with_local(ask)) == 1
    assert len(loaded) == 1


def test_a_model_cut_off_on_its_way_here_is_said_to_be_damaged(tmp_path: Path) -> None:
    whole = local_models.find(SMOL).path
    with whole.open("rb") as file:
        (tmp_path / "cut.gguf").write_bytes(file.read(4 << 20))

    with pytest.raises(MissingPrerequisite, match=r"cannot load .*cut\.gguf.*damaged"):
        answer(asking(model=Model("cut", f"local/{tmp_path}/cut.gguf", "C")))


def test_a_wrong_option_is_refused_before_anything_is_loaded() -> None:
    with pytest.raises(InvalidInput, match="did you mean `context`"):
        answer(asking(model=Model("m", "local/smollm2", "S", parameters={"contex": 512})))


def test_turns_that_the_template_refuses_are_the_call_s_failure() -> None:
    strict = (
        "{% for turn in messages %}"
        "{% if turn.role == loop.previtem.role %}{{ raise_exception('roles must alternate') }}{% endif %}"
        "<|im_start|>{{ turn.role }}\n{{ turn.content }}<|im_end|>\n{% endfor %}<|im_start|>assistant\n"
    )
    model = Model("strict", "local/smollm2", "S", parameters={"chat_template": strict})

    async def ask(chat: Local) -> tuple[CallFailed, Reply]:
        with pytest.raises(CallFailed, match="roles must alternate") as raised:
            await chat.complete(asking(SYSTEM, BRIEF, BRIEF, model=model))
        return raised.value, await chat.complete(asking(SYSTEM, BRIEF, model=model))

    failure, later = with_local(ask)

    assert failure.kind is FailureKind.REJECTED
    assert later.text


def test_a_template_that_is_no_template_is_said_when_the_model_is_loaded() -> None:
    model = Model("broken", "local/smollm2", "S", parameters={"chat_template": "{% for"})

    with pytest.raises(MissingPrerequisite, match="template is invalid"):
        answer(asking(model=model))
