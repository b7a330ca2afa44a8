"""What human codes say of the coders: their accuracy, and the rates with their errors taken out.

Where the human coded a sample drawn with unequal chances, each message counts for as many as it stands for.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mascope.stats import confusion as two
from mascope.stats.correction import CORRECTIONS, CorrectedRate, Validated, accuracy
from mascope.stats.resampling import (
    Bootstrap,
    Estimate,
    Floats,
    cluster_index,
    cluster_totals,
    ratio,
    resampled,
)
from mascope.tables.agreement import panel_codes
from mascope.tables.analysis import Analysis
from mascope.tables.differentiation import NOTE, SERIES
from mascope.tables.estimates import cells, frame_of
from mascope.tables.table import Column, Table

NO_HUMAN = (
    "No human has coded beside other coders: `mascope annotate` gives a human a sample to code, "
    "`mascope import codes` brings codes in."
)
OF_WEIGHTS = (
    "Where messages are weighted, kappa is of all messages; in the table of agreement, of the sample alone."
)
OF_METHODS = (
    "Rogan–Gladen takes sensitivity and specificity from all messages that the human coded: right where the "
    "coder errs alike in every series. Prediction-powered rates assume nothing of the kind; they rest on the "
    "series' own validated messages."
)
HUMAN = Column("human", "Whose codes are taken for the truth.")
WHOSE = Column("labels", "The adjudicated labels, or the coder, whose rates and errors these are.")

ACCURACY_COLUMNS = (
    Column("flag", "The flag."),
    WHOSE,
    HUMAN,
    Column("n", "Messages that both decided."),
    Column("weighted", "Whether messages count for as many as they stand for in the human's sample."),
    Column("kappa", "Cohen's kappa with the human (Cohen 1960).", 3),
    Column("kappa_low", "Lower end of its 95% interval by bootstrap over runs.", 3),
    Column("kappa_high", "Upper end of the same.", 3),
    Column("sensitivity", "Share of the human's yeses that are yes here.", 3),
    Column("sensitivity_low", "Lower end of its 95% interval (Wilson 1927, at the effective size).", 3),
    Column("sensitivity_high", "Upper end of the same.", 3),
    Column("human_yes", "Messages that sensitivity rests on.", detail=True),
    Column("specificity", "Share of the human's noes that are no here.", 3),
    Column("specificity_low", "Lower end of its 95% interval (Wilson 1927, at the effective size).", 3),
    Column("specificity_high", "Upper end of the same.", 3),
    Column("human_no", "Messages that specificity rests on.", detail=True),
    NOTE,
)

CORRECTED_COLUMNS = (
    SERIES,
    Column("flag", "The flag."),
    WHOSE,
    HUMAN,
    Column("messages", "Messages of the series that are decided."),
    Column("naive", "Share of them that are yes, errors and all.", 3),
    Column("naive_low", "Lower end of its 95% interval by bootstrap over runs.", 3, detail=True),
    Column("naive_high", "Upper end of the same.", 3, detail=True),
    Column("rogan_gladen", "The rate that sensitivity and specificity imply (Rogan and Gladen 1978).", 3),
    Column("rogan_gladen_low", "Lower end of its 95% interval by the delta method, runs as units.", 3),
    Column("rogan_gladen_high", "Upper end of the same.", 3),
    Column("prediction_powered", "The rate plus the human's mean difference (Angelopoulos et al. 2023).", 3),
    Column("prediction_powered_low", "Lower end of its 95% interval, runs as units.", 3),
    Column("prediction_powered_high", "Upper end of the same.", 3),
    Column("validated", "Messages of the series that the human decided as well."),
    NOTE,
)
METHODS: Mapping[str, str] = {
    "rogan_gladen": "Rogan–Gladen",
    "prediction_powered": "prediction-powered",
}


def accuracy_table(analysis: Analysis) -> Table:
    """One row a flag, a human, and the labels or a coder."""
    pairs = list(_pairs(analysis))
    kappas = _kappas(pairs, Bootstrap(analysis.rng("accuracy"), analysis.resamples))
    rows = [_accuracy(pair, kappa) for pair, kappa in zip(pairs, kappas, strict=True)]
    frame = frame_of(rows, ACCURACY_COLUMNS)
    notes = _notes(pairs, OF_WEIGHTS)
    return Table("accuracy", "Coders against humans", ACCURACY_COLUMNS, frame, notes)


def corrected_table(analysis: Analysis) -> Table:
    """One row a series, a flag, a human, and the labels or a coder."""
    pairs = list(_pairs(analysis))
    series = analysis.frames.messages["series"].to_numpy(dtype=object)
    rows = [row for name in analysis.series for row in _series_rows(name, series == name, pairs, analysis)]
    frame = frame_of(rows, CORRECTED_COLUMNS)
    notes = _notes(pairs, OF_METHODS)
    return Table("corrected", "Rates corrected by human codes", CORRECTED_COLUMNS, frame, notes)


# The codes that are compared -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Pair:
    """The labels, or a coder's codes, beside a human's, for one flag."""

    flag: str
    labels: str
    human: str
    codes: Validated
    unweighted: bool
    """Whether some messages of the human have a weight and others do not, so that none counts."""


def _pairs(analysis: Analysis) -> Iterator[_Pair]:
    humans, others = _humans(analysis), _others(analysis)
    if not humans or not analysis.flags:
        return
    said = panel_codes(analysis, (*humans, *others))
    by_coder = dict(zip(said.coders, said.codes, strict=True))
    if analysis.labels not in by_coder:
        adjudicated = analysis.labelled[list(analysis.flags)].to_numpy(dtype=np.float64).T
        by_coder = {analysis.labels: adjudicated} | by_coder
    for human in humans:
        weights, unweighted = _weights(analysis, human)
        for labels in (name for name in by_coder if name not in humans):
            for flag, coded, true in zip(analysis.flags, by_coder[labels], by_coder[human], strict=True):
                validated = Validated(coded, true, weights, said.runs)
                yield _Pair(flag, labels, human, validated, unweighted)


def _kinds(analysis: Analysis) -> Mapping[str, str]:
    first = analysis.frames.codes.drop_duplicates("coder")
    return dict(zip(first["coder"].astype(str), first["kind"].astype(str), strict=True))


def _humans(analysis: Analysis) -> tuple[str, ...]:
    kinds = _kinds(analysis)
    return tuple(coder for coder in analysis.references if kinds[coder] == "human")


def _others(analysis: Analysis) -> tuple[str, ...]:
    kinds = _kinds(analysis)
    compared = tuple(coder for coder in analysis.references if kinds[coder] != "human")
    return (*analysis.coders, *compared)


def _weights(analysis: Analysis, human: str) -> tuple[Floats | None, bool]:
    """(messages,) of the human's sample, or None; and whether weights were there but not for all."""
    codes = analysis.frames.codes
    given = codes[(codes["coder"] == human) & (codes["outcome"] == "coding")].set_index("message")["weight"]
    if given.isna().all():
        return None, False
    if given.isna().any():
        return None, True
    return given.reindex(analysis.frames.messages["message"]).to_numpy(dtype=np.float64), False


# Accuracy --------------------------------------------------------------------------------------------------


def _kappas(pairs: Sequence[_Pair], bootstrap: Bootstrap) -> list[Estimate]:
    """Weighted kappas; all pairs share their resamples."""
    if not pairs:
        return []
    index, runs = cluster_index(_runs(pairs[0]))
    totals = np.stack([cluster_totals(_cells(pair.codes), index, runs) for pair in pairs], axis=1)
    summed = resampled(totals, bootstrap)
    return [_kappa(pair, summed.column(k).estimate(two.kappa)) for k, pair in enumerate(pairs)]


def _runs(pair: _Pair) -> npt.NDArray[np.generic]:
    return np.arange(len(pair.codes.coder)) if pair.codes.runs is None else pair.codes.runs


def _cells(codes: Validated) -> Floats:
    """(messages, 4): the weight of each in the cell of the 2 × 2 table that it falls into."""
    both, weights = codes.both, codes.weights
    weighed = np.zeros((len(both), 4))
    column = 3 - 2 * codes.coder[both].astype(np.intp) - codes.human[both].astype(np.intp)
    weighed[np.flatnonzero(both), column] = 1.0 if weights is None else weights[both]
    return weighed


def _kappa(pair: _Pair, kappa: Estimate) -> Estimate:
    """No interval where one never varies or both always agree: that every resample says so proves nothing."""
    table = two.confusion(pair.codes.coder, pair.codes.human)
    return kappa if two.kappa_interval(table) is not None else Estimate(kappa.value, None, kappa.n)


def _accuracy(pair: _Pair, kappa: Estimate) -> Mapping[str, object]:
    found = accuracy(pair.codes)
    return {
        "flag": pair.flag,
        "labels": pair.labels,
        "human": pair.human,
        "n": int(pair.codes.both.sum()),
        "weighted": pair.codes.weights is not None,
        **cells("kappa", kappa),
        **cells("sensitivity", found.sensitivity),
        "human_yes": found.sensitivity.n,
        **cells("specificity", found.specificity),
        "human_no": found.specificity.n,
        "note": _why(pair.codes, kappa),
    }


def _why(codes: Validated, kappa: Estimate) -> str | None:
    if not codes.both.any():
        return "no message was decided by both"
    if not codes.said(1).any():
        return "the human said yes to none of these messages"
    if not codes.said(0).any():
        return "the human said no to none of these messages"
    return None if kappa.interval else "too few runs, or too little variation, for an interval of kappa"


# Corrected rates -------------------------------------------------------------------------------------------


def _series_rows(
    series: str, inside: npt.NDArray[np.bool_], pairs: Sequence[_Pair], analysis: Analysis
) -> Iterator[Mapping[str, object]]:
    if not pairs or not inside.any():
        return
    naive = _naive(pairs, inside, Bootstrap(analysis.rng(f"corrected {series}"), analysis.resamples))
    for pair, rate in zip(pairs, naive, strict=True):
        found = {name: correct(pair.codes, inside) for name, correct in CORRECTIONS.items()}
        yield {
            "series": series,
            "flag": pair.flag,
            "labels": pair.labels,
            "human": pair.human,
            **cells("naive", rate),
            **{column: cell for name in found for column, cell in _corrected(name, found[name]).items()},
            "messages": int((~np.isnan(pair.codes.coder[inside])).sum()),
            "validated": int((pair.codes.both & inside).sum()),
            "note": "; ".join(note for name in found for note in _problems(name, found[name])) or None,
        }


def _naive(pairs: Sequence[_Pair], inside: npt.NDArray[np.bool_], bootstrap: Bootstrap) -> list[Estimate]:
    """The uncorrected rates of one series; all pairs share their resamples."""
    index, runs = cluster_index(_runs(pairs[0])[inside])
    codes = np.stack([pair.codes.coder[inside] for pair in pairs], axis=1)
    decided = np.stack([np.nan_to_num(codes), (~np.isnan(codes)).astype(np.float64)], axis=2)
    summed = resampled(cluster_totals(decided, index, runs), bootstrap)
    return [
        summed.column(k).estimate(lambda sums: ratio(sums[..., 0], sums[..., 1])) for k in range(len(pairs))
    ]


def _corrected(name: str, rate: CorrectedRate) -> dict[str, object]:
    low, high = (rate.interval.low, rate.interval.high) if rate.interval else (None, None)
    return {name: rate.value, f"{name}_low": low, f"{name}_high": high}


def _problems(name: str, rate: CorrectedRate) -> Iterator[str]:
    if rate.note:
        yield f"{METHODS[name]}: {rate.note}"
    if rate.value != rate.unbounded:
        yield f"{METHODS[name]}: {rate.unbounded:.3f}, kept within 0 and 1"


# Notes -----------------------------------------------------------------------------------------------------


def _notes(pairs: Sequence[_Pair], method: str) -> tuple[str, ...]:
    if not pairs:
        return (NO_HUMAN,)
    mixed = sorted({pair.human for pair in pairs if pair.unweighted})
    said = "have sampling weights, so all count alike: estimates may be biased."
    return (method, *(f"Only some codes of {human} {said}" for human in mixed))
