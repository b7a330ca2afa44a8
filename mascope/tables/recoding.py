"""Judges asked again: do they agree with themselves, and do they drift?"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from mascope.stats.agreement import PanelCodes, panel_agreements
from mascope.stats.recoding import drift, turns_of
from mascope.stats.resampling import Bootstrap, Floats
from mascope.store.frames import rows_of
from mascope.tables.analysis import Analysis
from mascope.tables.differentiation import NOTE
from mascope.tables.estimates import cells, frame_of
from mascope.tables.table import Column, Table

NO_SAMPLE = (
    "No judge was given messages again: `repeats: {sample: 100, times: 2}` in the panel file does that."
)
NO_ANCHORS = (
    "No judge was given anchors, so drift cannot be seen: `repeats: {anchors: 20, every: 500}` in the panel "
    "file has them coded."
)
CODER, FLAG = Column("coder", "The judge."), Column("flag", "The flag.")
INTERVAL = "Lower end of its 95% interval by bootstrap over {}."

SELF_COLUMNS = (
    CODER,
    FLAG,
    Column("times", "How often each message was coded."),
    Column("n", "Messages that were decided at least twice."),
    Column("agreement", "Share of the pairs of a message's codings that are alike.", 3, kind="share"),
    Column("agreement_low", INTERVAL.format("runs"), 3, kind="share"),
    Column("agreement_high", "Upper end of the same.", 3, kind="share"),
    Column("kappa", "Fleiss' kappa over the codings (of two: Scott's pi).", 3, kind="share"),
    Column("kappa_low", INTERVAL.format("runs"), 3, kind="share"),
    Column("kappa_high", "Upper end of the same.", 3, kind="share"),
    Column("alpha", "Krippendorff's alpha, with codings that could not be read missing.", 3, detail=True),
    Column("ac1", "Gwet's AC1 for several codings (Gwet 2014).", 3, detail=True),
    NOTE,
)
ANCHOR_COLUMNS = (
    CODER,
    FLAG,
    Column("turn", "Which coding of the anchors, from 2; the first is what it is held against."),
    Column("at", "When it began.", detail=True),
    Column("n", "Anchors that were decided in this turn and in the first."),
    Column("agreement", "Share of them coded as in the first turn.", 3, kind="share"),
    Column("agreement_low", "Lower end of its 95% Wilson interval.", 3, kind="share"),
    Column("agreement_high", "Upper end of the same.", 3, kind="share"),
    Column("yes", "Share of the turn's decided anchors that are yes.", 3, kind="share"),
)
DRIFT_COLUMNS = (
    CODER,
    FLAG,
    Column("anchors", "Anchors that were decided in the first turn and in a later one."),
    Column("turns", "How often they were coded."),
    Column("agreement", "Share of the later codings that are as the first.", 3, kind="share"),
    Column("agreement_low", INTERVAL.format("anchors"), 3, kind="share"),
    Column("agreement_high", "Upper end of the same.", 3, kind="share"),
    Column("agreement_slope", "Change of that share a turn, by least squares.", 4),
    Column("agreement_slope_low", INTERVAL.format("anchors"), 4),
    Column("agreement_slope_high", "Upper end of the same.", 4),
    Column("yes_slope", "Change of the share of yeses a turn, by least squares.", 4),
    Column("yes_slope_low", INTERVAL.format("anchors"), 4),
    Column("yes_slope_high", "Upper end of the same.", 4),
    NOTE,
)


def self_agreement_table(analysis: Analysis) -> Table:
    """One row a judge and flag: the sample that it was given several times."""
    rows = [row for coder in _again(analysis, "sample") for row in _self_rows(analysis, coder)]
    frame = frame_of(rows, SELF_COLUMNS)
    notes = () if rows else (NO_SAMPLE,)
    return Table("self_agreement", "Do judges agree with themselves?", SELF_COLUMNS, frame, notes)


def anchors_table(analysis: Analysis) -> Table:
    """One row a judge, flag and turn after the first."""
    rows = [row for coder in _again(analysis, "anchors") for row in _anchor_rows(analysis, coder)]
    frame = frame_of(rows, ANCHOR_COLUMNS)
    return Table("anchors", "Anchors, turn by turn", ANCHOR_COLUMNS, frame, _anchor_notes(analysis))


def drift_table(analysis: Analysis) -> Table:
    """One row a judge and flag: how the codes of the anchors change from turn to turn."""
    rows = [row for coder in _again(analysis, "anchors") for row in _drift_rows(analysis, coder)]
    frame = frame_of(rows, DRIFT_COLUMNS)
    return Table("drift", "Do judges drift?", DRIFT_COLUMNS, frame, _anchor_notes(analysis))


# What was coded again ---------------------------------------------------------------------------------------


def _again(analysis: Analysis, kind: str) -> tuple[str, ...]:
    """Who was given something again, of this kind."""
    if analysis.recodings is None:
        return ()
    repeats = analysis.recodings.repeats
    return tuple(dict.fromkeys(repeats.loc[repeats["kind"] == kind, "coder"].tolist()))


def repeated(analysis: Analysis, coder: str, kind: str) -> pd.DataFrame:
    """The rows of `Recodings.repeats`, with every flag of the analysis."""
    if analysis.recodings is None:
        return pd.DataFrame(columns=["turn", "message", "run", "at", *analysis.flags])
    repeats = analysis.recodings.repeats
    rows = repeats[(repeats["coder"] == coder) & (repeats["kind"] == kind)]
    missing = [flag for flag in analysis.flags if flag not in rows]
    return rows.assign(**dict.fromkeys(missing, np.nan))


def first(analysis: Analysis, coder: str) -> pd.DataFrame:
    """What the coder's labels come from: `message`, `run` and its flags, of readable codings."""
    rows = rows_of(analysis.frames.codes, coder)
    return rows.loc[rows["outcome"] == "coding", ["message", "run", *analysis.flags]]


def _by_turn(rows: pd.DataFrame, flags: Sequence[str]) -> tuple[Floats, npt.NDArray[np.generic]]:
    """Codes (turns, flags, messages) of rows that have a `turn`, and the run of each message."""
    message, messages = pd.factorize(rows["message"])
    turn = pd.factorize(rows["turn"], sort=True)[0]
    codes = np.full((int(turn.max(initial=-1)) + 1, len(flags), len(messages)), np.nan)
    codes[turn, :, message] = rows[list(flags)].to_numpy(dtype=np.float64)
    runs = np.empty(len(messages), dtype=object)
    runs[message] = rows["run"].astype(str).to_numpy(dtype=object)
    return codes, runs


# Rows -------------------------------------------------------------------------------------------------------


def _self_rows(analysis: Analysis, coder: str) -> Iterator[Mapping[str, object]]:
    again, coded = repeated(analysis, coder, "sample"), first(analysis, coder)
    before = coded[coded["message"].isin(again["message"])].assign(turn=0)
    codes, runs = _by_turn(pd.concat([before, again[before.columns]], ignore_index=True), analysis.flags)
    panel = PanelCodes(tuple(map(str, range(len(codes)))), analysis.flags, codes, runs)
    bootstrap = Bootstrap(analysis.rng(f"self agreement {coder}"), analysis.resamples)
    for flag, found in panel_agreements(panel, bootstrap).items():
        of = found.coefficients
        yield {
            "coder": coder,
            "flag": flag,
            "times": len(codes),
            "n": found.messages,
            **cells("agreement", of["agreement"]),
            **cells("kappa", of["fleiss"]),
            "alpha": of["alpha"].value,
            "ac1": of["ac1"].value,
            "note": "the judge never varied" if found.messages and of["alpha"].value is None else None,
        }


def _anchor_rows(analysis: Analysis, coder: str) -> Iterator[Mapping[str, object]]:
    rows = repeated(analysis, coder, "anchors")
    codes, _ = _by_turn(rows, analysis.flags)
    began = rows.groupby("turn", sort=True)["at"].min().tolist()
    for place, flag in enumerate(analysis.flags):
        for turn in turns_of(codes[:, place]):
            yield {
                "coder": coder,
                "flag": flag,
                "turn": turn.turn,
                "at": began[turn.turn - 1],
                "n": turn.agreement.n,
                **cells("agreement", turn.agreement),
                "yes": turn.yes,
            }


def _drift_rows(analysis: Analysis, coder: str) -> Iterator[Mapping[str, object]]:
    codes, _ = _by_turn(repeated(analysis, coder, "anchors"), analysis.flags)
    if len(codes) < 2:
        return
    for place, flag in enumerate(analysis.flags):
        bootstrap = Bootstrap(analysis.rng(f"drift {coder} {flag}"), analysis.resamples)
        found = drift(codes[:, place], bootstrap)
        yield {
            "coder": coder,
            "flag": flag,
            "anchors": found.agreement.n,
            "turns": found.turns,
            **cells("agreement", found.agreement),
            **cells("agreement_slope", found.agreement_slope),
            **cells("yes_slope", found.yes_slope),
            "note": "no slope of agreement: only two turns" if found.turns == 2 else None,
        }


def _anchor_notes(analysis: Analysis) -> tuple[str, ...]:
    coders = _again(analysis, "anchors")
    if not coders:
        return (NO_ANCHORS,)
    once = [coder for coder in coders if repeated(analysis, coder, "anchors")["turn"].nunique() < 2]
    return (
        "A turn comes after every so many messages (`repeats: every` in the panel file).",
        *(f"{coder} coded the anchors once only, so its drift cannot be seen." for coder in once),
    )
