"""What tests of remote models share."""

from collections.abc import Iterator
from contextlib import suppress

import pytest

from mascope.chat.remote import import_litellm
from mascope.chat.types import Model
from mascope.errors import CallFailed
from tests.chat.remote_routes import KEY, ROUTES, Route, ask, asking, failure
from tests.real.misbehaviours import MISBEHAVIOURS, in_order
from tests.real.openai_server import OK, OpenAIServer, serving


@pytest.fixture(scope="session")
def warmed_up() -> None:
    """litellm is imported once, outside any loop, as the program does; and its slow first calls are made."""
    import_litellm()
    for route in ROUTES.values():
        with serving(in_order(OK, then=MISBEHAVIOURS["html"])) as server:
            model = Model("m", route.served_by, "M", server.url)
            with suppress(CallFailed):
                ask(route, asking(model))
            failure(route, asking(model))


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with serving() as server:
        yield server


@pytest.fixture(params=list(ROUTES.values()), ids=list(ROUTES))
def route(request: pytest.FixtureRequest, warmed_up: None) -> Route:
    found: Route = request.param
    return found


@pytest.fixture
def model(route: Route, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> Model:
    """A model of the route at the server, with a key, and more time than it needs."""
    monkeypatch.setenv("MASCOPE_TEST_KEY", KEY)
    return Model("m", route.served_by, "M", server.url, "MASCOPE_TEST_KEY", deadline_s=30)
