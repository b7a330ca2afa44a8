"""Coders' codes as the arrays that statistics take, with the sampling weights of those who coded a sample."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from mascope.stats.agreement import PanelCodes
from mascope.stats.resampling import Floats, cluster_index
from mascope.store.frames import rows_of
from mascope.tables.analysis import Analysis

Places: TypeAlias = npt.NDArray[np.intp]


def panel_codes(analysis: Analysis, coders: Sequence[str]) -> PanelCodes:
    """What these coders said of each codable message, and how each is weighted; at least one coder."""
    frames = analysis.frames
    messages = frames.messages["message"]
    codes = np.stack([_codes(frames.codes, coder, analysis.flags, messages) for coder in coders])
    weights = {coder: weights_of(analysis, coder) for coder in coders}
    return PanelCodes(
        tuple(coders),
        analysis.flags,
        codes,
        cluster_index(frames.messages["run"])[0],
        {coder: found for coder, found in weights.items() if found is not None},
    )


def _codes(codes: pd.DataFrame, coder: str, flags: Sequence[str], messages: "pd.Series[str]") -> Floats:
    """(flags, messages) of one coder."""
    rows = rows_of(codes, coder)[["message", *flags]]
    if not rows["message"].array.equals(messages.array):  # else each message once, and in their order
        rows = rows.set_index("message").reindex(messages)
    columns = [rows[flag].to_numpy(dtype=np.float64) for flag in flags]
    return np.array(columns, dtype=np.float64).reshape(len(flags), len(messages))


def weights_of(analysis: Analysis, coder: str) -> Floats | None:
    """(messages,): for how many messages each stands that the coder coded; NaN for the others.

    None where none has a weight, and where some lack one: then no message can be weighed against another.
    """
    given = _given(analysis, coder)
    if given["weight"].isna().any() or not len(given):
        return None
    weights = given.set_index("message")["weight"].reindex(analysis.frames.messages["message"])
    return np.asarray(weights, dtype=np.float64)


def half_weighted(analysis: Analysis, coder: str) -> bool:
    """Whether some of the coder's messages have a weight and others have none."""
    weights = _given(analysis, coder)["weight"]
    return bool(weights.isna().any() and weights.notna().any())


def came_to(analysis: Analysis, coder: str) -> npt.NDArray[np.bool_]:
    """(messages,): which the coder coded, be it that it could not tell."""
    coded = _given(analysis, coder)["message"]
    return np.asarray(analysis.frames.messages["message"].isin(coded), dtype=np.bool_)


def _given(analysis: Analysis, coder: str) -> pd.DataFrame:
    """The messages that the coder coded, each with its weight."""
    rows = rows_of(analysis.frames.codes, coder)
    return rows.loc[rows["outcome"] == "coding", ["message", "weight"]]


def kinds(analysis: Analysis) -> Mapping[str, str]:
    """Coder → llm, rules, human or imported."""
    first = analysis.frames.codes.drop_duplicates("coder")
    return dict(zip(first["coder"].astype(str), first["kind"].astype(str), strict=True))
