import subprocess
import sys

import pytest

from mascope.chat.keys import KEY_VARIABLES, OWN_SERVERS
from mascope.chat.known import check_route, known_routes
from mascope.chat.routes import missing_for
from mascope.chat.types import Model
from mascope.errors import InvalidInput


def model(served_by: str, key: str = "ann") -> Model:
    return Model(key, served_by, "Ann")


@pytest.mark.parametrize(
    ("served_by", "meant"),
    [("gorq/x", "groq"), ("rehearsl/leader", "rehearsal"), ("Groq/x", "groq"), ("opnai/gpt", "openai")],
)
def test_a_mistyped_route_is_named_with_its_model_and_the_nearest(served_by: str, meant: str) -> None:
    with pytest.raises(InvalidInput, match=f"model ann: no route .* did you mean '{meant}'") as caught:
        missing_for([model(served_by)])

    assert served_by in str(caught.value)


def test_a_route_near_to_none_is_answered_with_the_common_ones() -> None:
    with pytest.raises(InvalidInput, match=r"common ones: anthropic, .*openai_like"):
        check_route(model("xyzzyq/x"))


@pytest.mark.parametrize("route", ["azure", "bedrock", "vertex_ai", "ollama_chat", "publicai", "openrouter"])
def test_routes_of_litellm_are_known(route: str) -> None:
    check_route(model(f"{route}/x"))


def test_every_route_with_a_key_or_an_address_of_its_own_is_known() -> None:
    assert {*KEY_VARIABLES, *OWN_SERVERS, "local", "rehearsal"} <= known_routes()


def test_a_server_that_is_asked_directly_may_be_called_anything() -> None:
    lab = Model("lab", "lab/x", "Lab", base_url="http://127.0.0.1:1/v1", client="direct")

    assert missing_for([lab]) == []


def test_knowing_the_routes_does_not_load_litellm() -> None:
    look = "import sys; from mascope.chat.known import known_routes; known_routes(); "
    code = look + "sys.exit('litellm' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def test_what_is_missing_for_several_models_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GROQ_API_KEY", raising=False)

    missing = missing_for([model("groq/a", "a"), model("local/nowhere", "b"), model("groq/c", "c")])

    assert missing[0].startswith("models a, c: no key for groq; set the environment variable GROQ_API_KEY")
    assert missing[1].startswith("model b: ")
    assert len(missing) == 2


@pytest.mark.parametrize(
    ("served_by", "parameters", "said"),
    [
        ("rehearsal/leadr", {}, "no rehearsed persona 'leadr'"),
        ("rehearsal/plain", {"latncy": 1}, "latncy"),
        ("local/smollm2", {"contxt": 1}, "contxt"),
        ("groq/x", {"rpm": -1}, "rpm"),
    ],
)
def test_a_wrong_option_names_its_model_once(
    served_by: str, parameters: dict[str, object], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROQ_API_KEY", "x")

    with pytest.raises(InvalidInput, match=said) as caught:
        missing_for([Model("ann", served_by, "Ann", parameters=parameters)])

    assert str(caught.value).startswith("model ann: ")
    assert str(caught.value).count("ann") == 1
