"""What tests of real components share."""

from collections.abc import Iterator

import pytest

from tests.real.openai_server import OpenAIServer, serving


@pytest.fixture
def openai_server() -> Iterator[OpenAIServer]:
    """A loopback server that answers well until its `choose` is set otherwise."""
    with serving() as server:
        yield server
