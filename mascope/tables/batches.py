"""Do codes depend on how many messages a judge is given at once?"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from mascope.stats.recoding import Group, by_group, paired
from mascope.stats.resampling import Bootstrap
from mascope.tables.analysis import Analysis
from mascope.tables.estimates import cells, frame_of
from mascope.tables.recoding import CODER, FLAG, INTERVAL, first, repeated
from mascope.tables.table import Column, Table

NOT_ALONE = (
    "No message was coded both in a batch and alone: `repeats: {alone: 100}` in the panel file has it done."
)
KINDS = ("alone", "size", "place")
"""What messages are told apart by, the surest first."""
PLACES = 5
"""Groups that the places of a larger batch are put into."""

BATCH_COLUMNS = (
    CODER,
    FLAG,
    Column(
        "by",
        "`alone`: the same messages, in a batch and alone; `size`: by the messages of the call that decided; "
        "`place`: by the message's place in it.",
    ),
    Column("group", "Which of them."),
    Column("n", "Messages of the group that were decided; of `alone`, both times."),
    Column("yes", "Share of them that are yes; of `alone`, when asked alone.", 3, kind="share"),
    Column("yes_low", INTERVAL.format("runs"), 3, kind="share", detail=True),
    Column("yes_high", "Upper end of the same.", 3, kind="share", detail=True),
    Column("difference", "From the share in all other groups; of `alone`, from that in the batch.", 3),
    Column("difference_low", INTERVAL.format("runs"), 3),
    Column("difference_high", "Upper end of the same.", 3),
    Column("agreement", "Of `alone`: share coded alike both times.", 3, kind="share"),
    Column("agreement_low", INTERVAL.format("runs"), 3, kind="share", detail=True),
    Column("agreement_high", "Upper end of the same.", 3, kind="share", detail=True),
    Column("kappa", "Of `alone`: Cohen's kappa of the two codings.", 3, kind="share"),
    Column("kappa_low", "Lower end of its 95% interval by jackknife over runs.", 3, detail=True),
    Column("kappa_high", "Upper end of the same.", 3, detail=True),
)


def batches_table(analysis: Analysis) -> Table:
    """Rows for each judge that was given several messages a call."""
    rows = [row for coder in models(analysis) for row in _batch_rows(analysis, coder)]
    rows.sort(key=lambda row: KINDS.index(str(row["by"])))  # stable: coders and flags keep their order
    frame = frame_of(rows, BATCH_COLUMNS)
    notes = tuple(_batch_notes(analysis))
    return Table("batches", "Do codes depend on the batch?", BATCH_COLUMNS, frame, notes)


def models(analysis: Analysis) -> tuple[str, ...]:
    """The coders that are models; nobody else is given anything again, or several messages at once."""
    return () if analysis.recodings is None else tuple(analysis.recodings.models)


def _batch_rows(analysis: Analysis, coder: str) -> Iterator[Mapping[str, object]]:
    coded = first(analysis, coder)
    yield from _alone_rows(analysis, coder, coded)
    called = _calls(analysis, coder)
    if called.empty:
        return
    asked = coded.merge(called[["message", "size", "place"]], on="message")
    bounds = _bounds(int(asked["size"].max()))
    sizes = sorted(asked["size"].unique())
    together = asked[asked["size"] > 1].dropna(subset="place")
    if len(sizes) > 1:
        which = np.searchsorted(sizes, asked["size"])
        yield from _group_rows(analysis, coder, "size", asked, (which, [f"{size:.0f}" for size in sizes]))
    if len(together):
        which = np.searchsorted([high for _, high in bounds], together["place"])
        names = [str(low) if low == high else f"{low}–{high}" for low, high in bounds]
        yield from _group_rows(analysis, coder, "place", together, (which, names))


def _calls(analysis: Analysis, coder: str) -> pd.DataFrame:
    if analysis.recodings is None:
        return pd.DataFrame()
    calls = analysis.recodings.calls
    return calls[calls["coder"] == coder]


def _bounds(size: int) -> list[tuple[int, int]]:
    """First and last place of each group of places."""
    edges = np.linspace(0, size, min(size, PLACES) + 1).round().astype(int).tolist()
    return [(low + 1, high) for low, high in pairwise(edges)]


def _group_rows(
    analysis: Analysis,
    coder: str,
    by: str,
    rows: pd.DataFrame,
    groups: tuple[npt.NDArray[np.intp], Sequence[str]],
) -> Iterator[Mapping[str, object]]:
    runs = rows["run"].astype(str).to_numpy(dtype=object)
    for flag in analysis.flags:
        bootstrap = Bootstrap(analysis.rng(f"batches {coder} {by} {flag}"), analysis.resamples)
        codes = rows[flag].to_numpy(dtype=np.float64)
        for group in by_group(codes, *groups, runs, bootstrap):
            yield {"coder": coder, "flag": flag, "by": by, **_group(group)}


def _group(group: Group) -> Mapping[str, object]:
    differs = cells("difference", group.difference)
    return {"group": group.name, "n": group.n, **cells("yes", group.yes), **differs}


def _alone_rows(analysis: Analysis, coder: str, coded: pd.DataFrame) -> Iterator[Mapping[str, object]]:
    both = coded.merge(repeated(analysis, coder, "alone"), on="message", suffixes=("", "_alone"))
    if both.empty:
        return
    runs = both["run"].astype(str).to_numpy(dtype=object)
    for flag in analysis.flags:
        bootstrap = Bootstrap(analysis.rng(f"alone {coder} {flag}"), analysis.resamples)
        in_batch, alone = (both[name].to_numpy(dtype=np.float64) for name in (flag, f"{flag}_alone"))
        found = paired(in_batch, alone, runs, bootstrap)
        yield {
            "coder": coder,
            "flag": flag,
            "by": "alone",
            "group": "alone",
            "n": found.n,
            **cells("yes", found.yes),
            **cells("difference", found.difference),
            **cells("agreement", found.agreement),
            **cells("kappa", found.kappa),
        }


def _batch_notes(analysis: Analysis) -> Iterator[str]:
    if not models(analysis):
        yield "No judge that is a model has coded: nobody was given several messages at once."
    for coder in models(analysis):
        sizes = _calls(analysis, coder)
        if sizes.empty or sizes["size"].max() == 1:
            yield f"{coder} was given one message a call: whether its codes depend on a batch cannot be said."
        elif repeated(analysis, coder, "alone").empty:
            only = (
                f"all by {sizes['size'].max():.0f} a call" if sizes["size"].nunique() == 1 else "as they came"
            )
            yield f"{coder} was given its messages {only}. {NOT_ALONE}"
    if analysis.recodings is not None and len(analysis.recodings.calls):
        yield (
            "Messages come in an order of chance, so places in a batch can be compared. Calls of another "
            "size are no sample of chance: what had no readable answer is asked alone, and the last call is "
            "what was left."
        )
