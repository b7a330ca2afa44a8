"""The loopback server does what tests believe that it does."""

import http.client
import json
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from tests.real.misbehaviours import at_random, in_order, rate_limited
from tests.real.openai_server import OpenAIServer, serving


def post(server: OpenAIServer, words: str) -> tuple[int, dict[str, object]]:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
    try:
        connection.request("POST", "/v1/chat/completions", json.dumps({"words": words}))
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_behaviours_come_in_their_order_and_then_all_is_well(openai_server: OpenAIServer) -> None:
    openai_server.choose = in_order(rate_limited("1"))

    assert [post(openai_server, "x")[0] for _ in range(3)] == [429, 200, 200]
    assert openai_server.count == 3


def test_what_was_asked_is_kept(openai_server: OpenAIServer) -> None:
    post(openai_server, "first")
    post(openai_server, "second")

    assert openai_server.bodies == [{"words": "first"}, {"words": "second"}]


def test_a_request_meets_the_same_fate_in_whatever_order_it_comes() -> None:
    words = [f"question {i}" for i in range(30)]
    fates = []
    for order in (words, words[::-1]):
        with serving(at_random({"server_error": 0.3, "rate_limit": 0.2}, seed=7)) as server:
            fates.append({word: post(server, word)[0] for word in order})

    assert fates[0] == fates[1]
    assert set(fates[0].values()) == {200, 429, 500}


def test_requests_at_once_are_counted() -> None:
    with serving(latency=0.3) as server, ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda words: post(server, words), "abcd"))

    assert server.peak == 4
    assert server.under_way == 0
