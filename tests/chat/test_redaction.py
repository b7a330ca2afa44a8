import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mascope.chat.redaction import LONGEST, REDACTED, redact

KEY = "k3y/With+odd.Signs\"and-more'123"


@pytest.mark.parametrize(
    "secret",
    [
        "sk-proj-abcDEF1234567890",
        "sk-ant-api03-abc_DEF-123",
        "gsk_abcdefghij0123456789",
        "xai-abcdefghij0123456789",
        "hf_abcdefghijklmnopqrst",
        "AIzaSyA-abcdefghij0123456789",
        "org_01hxyzabcdefgh",
        "org-AbC123def456",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
        "sk-abc***************xyz9",
    ],
)
def test_what_has_the_shape_of_a_key_goes_even_if_nobody_knows_it(secret: str) -> None:
    told = redact(f"Incorrect API key provided: {secret}. You can find yours at https://example.org.")

    assert secret not in told
    assert secret[5:12] not in told
    assert "https://example.org" in told


def test_a_bearer_token_goes_whatever_it_looks_like() -> None:
    assert "aaaabbbbcccc" not in redact("headers: {'Authorization': 'Bearer aaaabbbbcccc', 'Accept': '*/*'}")
    assert "'Accept': '*/*'" in redact("headers: {'Authorization': 'Bearer aaaabbbbcccc', 'Accept': '*/*'}")


@pytest.mark.parametrize(
    "text",
    ["https://x.org/v1?key=abcdef123456&alt=json", '{"api_key": "abcdef123456"}', "api-key=abcdef123456"],
)
def test_what_is_named_a_key_goes(text: str) -> None:
    assert "abcdef123456" not in redact(text)


def test_a_password_in_an_address_goes() -> None:
    assert redact("cannot reach http://me:hunter22@host/v1") == f"cannot reach http://{REDACTED}@host/v1"


@pytest.mark.parametrize("shown", [KEY, json.dumps(KEY), "k3y%2FWith%2Bodd.Signs%22and-more%27123", KEY[:14]])
def test_a_known_key_goes_in_each_of_its_spellings_and_cut_short(shown: str) -> None:
    told = redact(f"wrong key {shown} given", [KEY])

    assert "k3y" not in told
    assert "given" in told


def test_a_key_at_the_cut_is_gone_before_the_cut_is_made() -> None:
    key = "abcdefghijklmnopqrstuvwxyz"

    for before in range(LONGEST - 40, LONGEST + 10):
        assert "abcd" not in redact("x" * before + " " + key, [key])


@given(st.text(), st.text(min_size=4, max_size=40), st.text())
def test_no_known_key_survives_and_the_result_is_one_short_line(before: str, key: str, after: str) -> None:
    told = redact(before + key + after, [key])

    assert key not in told.replace(REDACTED, "") or key in REDACTED
    assert len(told) <= LONGEST
    assert "\n" not in told
    assert "\x1b" not in told


@pytest.mark.parametrize(
    "text",
    [
        "Rate limit reached for model llama-3.3-70b-versatile on tokens per minute (TPM): Limit 6000.",
        "The risk-averse task-oriented model org-structure is not available.",
        "This model's maximum context length is 8192 tokens.",
        "Modèle indisponible : réessayez plus tard.",
    ],
)
def test_ordinary_words_stay_as_they_are(text: str) -> None:
    assert redact(text, ["", "x", "no"]) == text


def test_what_would_steer_a_terminal_goes() -> None:
    assert redact("a\x1b[31mred\x07\r\nb\u202ec") == "a [31mred b c"


def test_a_key_that_is_whole_only_after_lines_are_joined_goes() -> None:
    assert "pass phrase" not in redact("wrong: pass\n\nphrase", ["pass phrase"])
