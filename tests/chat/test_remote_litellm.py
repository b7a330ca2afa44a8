"""What is particular to litellm."""

import asyncio
import os
import subprocess
import sys

import pytest

from mascope.chat.remote import ENVIRONMENT, Remote, import_litellm
from mascope.chat.types import Model
from mascope.errors import FailureKind
from mascope.records import Usage
from tests.chat.remote_routes import KEY, Route, ask, asking, failure
from tests.real.misbehaviours import status
from tests.real.openai_server import OpenAIServer, always

LITELLM = Route(Remote, "")


def test_a_seed_is_left_out_and_named_where_the_provider_takes_none(
    server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASCOPE_TEST_KEY", KEY)
    body = {"content": [{"type": "text", "text": "Yes."}], "model": "claude", "role": "assistant",
            "type": "message", "id": "1", "stop_reason": "end_turn",
            "usage": {"input_tokens": 4, "output_tokens": 2}}  # fmt: skip
    server.choose = always(status(200, body))
    claude = Model(
        "c", "anthropic/claude-sonnet-4-5", "C", server.url.removesuffix("/v1"), "MASCOPE_TEST_KEY"
    )

    reply = ask(LITELLM, asking(claude, seed=3, temperature=0.5))

    assert (reply.text, reply.usage, reply.unsent) == ("Yes.", Usage(4, 2, 0), ("seed",))
    assert "seed" not in server.bodies[0]
    assert server.bodies[0]["temperature"] == 0.5


def test_another_parameter_that_the_provider_does_not_take_is_refused(server: OpenAIServer) -> None:
    gpt = Model("g", "openai/gpt-5", "G", server.url)

    error = failure(LITELLM, asking(gpt, temperature=0.3))

    assert error.kind is FailureKind.REJECTED
    assert "temperature" in error.detail
    assert server.count == 0


def test_a_provider_that_nobody_knows_is_rejected_at_once() -> None:
    error = failure(LITELLM, asking(Model("x", "nosuch/model", "X")))

    assert error.kind is FailureKind.REJECTED


def test_litellm_is_kept_from_fetching_logging_and_retrying() -> None:
    litellm = import_litellm()

    assert all(os.environ[name] == value for name, value in ENVIRONMENT.items())
    assert litellm.num_retries is None
    assert litellm.drop_params is False
    assert litellm.suppress_debug_info is True
    assert litellm.cache is None
    assert not litellm.success_callback
    assert not litellm.failure_callback


def test_the_route_itself_does_not_load_litellm() -> None:
    program = "import sys, mascope.chat.remote; sys.exit('litellm' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_closing_what_was_never_used_is_nothing() -> None:
    asyncio.run(Remote().aclose())
