"""Coders' codes, message by message, in whatever order they were stored."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from mascope.tables.analysis import Analysis
from mascope.tables.codes import half_weighted, panel_codes, weights_of

MESSAGES = [f"A-run0{run}|Agent-A|R{round_}" for run in (2, 1) for round_ in (0, 1)]
NAN: float = np.nan


class _Frames:
    """Four messages of two runs, and what was said of them."""

    def __init__(self, codes: pd.DataFrame) -> None:
        run = [message.partition("|")[0] for message in MESSAGES]
        self.messages = pd.DataFrame({"message": MESSAGES, "run": pd.Categorical(run)})
        self.codes = codes


def said(coder: str, messages: Sequence[str], lead: Sequence[float], **more: Any) -> pd.DataFrame:
    base = {"coder": coder, "outcome": "coding", "weight": NAN, "META": 0.0}
    return pd.DataFrame({"message": messages, "LEAD": lead, **base, **more})


def analysis(*codes: pd.DataFrame) -> Analysis:
    """Of which only frames and flags are looked at."""
    whole = pd.concat(codes, ignore_index=True).astype({"coder": "category", "outcome": "category"})
    return cast("Analysis", SimpleNamespace(frames=_Frames(whole), flags=("LEAD", "META")))


def same(found: npt.ArrayLike, expected: npt.ArrayLike) -> bool:
    return np.array_equal(found, expected, equal_nan=True)


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 1, 0, 2]])
def test_codes_stand_beside_their_messages_in_whatever_order_they_came(order: list[int]) -> None:
    answers = np.array([1.0, 0.0, NAN, 1.0])

    found = analysis(said("x", [MESSAGES[k] for k in order], answers[order].tolist()))

    assert same(panel_codes(found, ["x"]).codes[0, 0], answers)


def test_a_message_that_a_coder_did_not_come_to_has_no_code() -> None:
    found = analysis(said("x", MESSAGES, [1, 1, 0, 0]), said("y", MESSAGES[1:3], [0, 1]))

    panel = panel_codes(found, ["y", "x"])

    assert panel.coders == ("y", "x")
    assert same(panel.codes[:, 0], np.array([[NAN, 0, 1, NAN], [1, 1, 0, 0]]))
    assert same(panel.codes[:, 1], np.array([[NAN, 0, 0, NAN], [0, 0, 0, 0]]))


def test_without_flags_nothing_is_said_of_any_message() -> None:
    found = cast("Analysis", SimpleNamespace(frames=analysis(said("x", MESSAGES, [1] * 4)).frames, flags=()))

    assert panel_codes(found, ["x"]).codes.shape == (1, 0, len(MESSAGES))


def test_runs_of_a_panel_are_told_apart() -> None:
    assert panel_codes(analysis(said("x", MESSAGES, [1, 1, 0, 0])), ["x"]).runs.tolist() == [0, 0, 1, 1]


def test_weights_are_those_of_a_sample_that_has_them_throughout() -> None:
    sampled = said("x", [MESSAGES[3], MESSAGES[0]], [1, 0], weight=[5.0, 2.0])
    half = said("y", MESSAGES[:2], [1, 0], weight=[5.0, NAN])
    failed = said("z", MESSAGES[:2], [1, NAN], weight=[3.0, NAN], outcome=["coding", "unreadable"])
    found = analysis(sampled, half, failed)

    weights = weights_of(found, "x")
    assert weights is not None
    assert same(weights, [2, NAN, NAN, 5])
    assert weights_of(found, "y") is None
    assert [half_weighted(found, coder) for coder in "xyz"] == [False, True, False]
    assert weights_of(found, "nobody") is None
    assert same(panel_codes(found, ["z"]).weights["z"], [3, NAN, NAN, NAN])
