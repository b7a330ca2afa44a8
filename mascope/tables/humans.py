"""What human codes say of the coders: their accuracy, and the rates with their errors taken out.

Where the human coded a sample drawn with unequal chances, each message counts for as many as it stands for.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mascope.judging.adjudication import ADJUDICATIONS
from mascope.stats import confusion as two
from mascope.stats.agreement import pair_agreements
from mascope.stats.correction import CORRECTIONS, CorrectedRate, Validated, accuracy
from mascope.stats.kappa_interval import kappa_by_runs
from mascope.stats.resampling import (
    Bootstrap,
    Estimate,
    cluster_index,
    cluster_totals,
    ratio,
    resampled,
)
from mascope.tables.analysis import Analysis
from mascope.tables.codes import panel_codes
from mascope.tables.differentiation import NOTE, SERIES
from mascope.tables.estimates import cells, frame_of
from mascope.tables.table import Column, Table
from mascope.tables.truth import Truth, humans, truths

NO_HUMAN = (
    "No human has coded beside other coders: `mascope annotate` gives a human a sample to code, "
    "`mascope import codes` brings codes in."
)
OF_WEIGHTS = "Where messages are weighted, each counts for as many as it stands for in the human's sample."
OF_METHODS = (
    "Rogan–Gladen takes sensitivity and specificity from all messages that the human coded: right where the "
    "coder errs alike in every series. Prediction-powered rates assume nothing of the kind; they rest on the "
    "series' own validated messages."
)
HUMAN = Column(
    "human", "Whose codes are taken for the truth; `humans:…` is what several humans come to by that rule."
)
WHOSE = Column("labels", "The adjudicated labels, or the coder, whose rates and errors these are.")

ACCURACY_COLUMNS = (
    Column("flag", "The flag."),
    WHOSE,
    HUMAN,
    Column("n", "Messages that both decided."),
    Column("weighted", "Whether messages count for as many as they stand for in the human's sample."),
    Column("kappa", "Cohen's kappa with the human (Cohen 1960).", 3, kind="share"),
    Column("kappa_low", "Lower end of its 95% interval by jackknife over runs.", 3, kind="share"),
    Column("kappa_high", "Upper end of the same.", 3, kind="share"),
    Column("sensitivity", "Share of the human's yeses that are yes here.", 3, kind="share"),
    Column(
        "sensitivity_low",
        "Lower end of its 95% interval (Wilson 1927, at the effective size).",
        3,
        kind="share",
    ),
    Column("sensitivity_high", "Upper end of the same.", 3, kind="share"),
    Column("human_yes", "Messages that sensitivity rests on.", detail=True),
    Column("specificity", "Share of the human's noes that are no here.", 3, kind="share"),
    Column(
        "specificity_low",
        "Lower end of its 95% interval (Wilson 1927, at the effective size).",
        3,
        kind="share",
    ),
    Column("specificity_high", "Upper end of the same.", 3, kind="share"),
    Column("human_no", "Messages that specificity rests on.", detail=True),
    NOTE,
)

CORRECTED_COLUMNS = (
    SERIES,
    Column("flag", "The flag."),
    WHOSE,
    HUMAN,
    Column("messages", "Messages of the series that are decided."),
    Column("naive", "Share of them that are yes, errors and all.", 3, kind="share"),
    Column(
        "naive_low", "Lower end of its 95% interval by bootstrap over runs.", 3, kind="share", detail=True
    ),
    Column("naive_high", "Upper end of the same.", 3, kind="share", detail=True),
    Column(
        "rogan_gladen",
        "The rate that sensitivity and specificity imply (Rogan and Gladen 1978).",
        3,
        kind="share",
    ),
    Column(
        "rogan_gladen_low",
        "Lower end of its 95% interval by the delta method, runs as units.",
        3,
        kind="share",
    ),
    Column("rogan_gladen_high", "Upper end of the same.", 3, kind="share"),
    Column(
        "prediction_powered",
        "The rate plus the human's mean difference (Angelopoulos et al. 2023).",
        3,
        kind="share",
    ),
    Column("prediction_powered_low", "Lower end of its 95% interval, runs as units.", 3, kind="share"),
    Column("prediction_powered_high", "Upper end of the same.", 3, kind="share"),
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
    frame = frame_of(map(_accuracy, pairs), ACCURACY_COLUMNS)
    notes = _notes(analysis, OF_WEIGHTS)
    return Table("accuracy", "Coders against humans", ACCURACY_COLUMNS, frame, notes)


def corrected_table(analysis: Analysis) -> Table:
    """One row a series, a flag, a human, and the labels or a coder."""
    pairs = list(_pairs(analysis))
    series = analysis.frames.messages["series"].to_numpy(dtype=object)
    rows = [row for name in analysis.series for row in _series_rows(name, series == name, pairs, analysis)]
    frame = frame_of(rows, CORRECTED_COLUMNS)
    notes = _notes(analysis, OF_METHODS)
    return Table("corrected", "Rates corrected by human codes", CORRECTED_COLUMNS, frame, notes)


# The codes that are compared -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Pair:
    """The labels, or a coder's codes, beside a human's, for one flag."""

    flag: str
    labels: str
    truth: Truth
    codes: Validated


def _pairs(analysis: Analysis) -> Iterator[_Pair]:
    taken = truths(analysis)
    if not taken:
        return
    known = set(humans(analysis))
    said = panel_codes(analysis, (*analysis.references, *analysis.coders))
    others = (*analysis.coders, *(name for name in analysis.references if name not in known))
    by_coder = dict(zip(said.coders, said.codes, strict=True))
    held = {name: by_coder[name] for name in others}
    if analysis.labels not in by_coder:
        held = {analysis.labels: analysis.labelled[list(analysis.flags)].to_numpy(dtype=np.float64).T} | held
    for truth in taken:
        for labels, codes in held.items():
            for flag, coded, true in zip(analysis.flags, codes, truth.codes, strict=True):
                if np.isnan(true).all():
                    continue  # a flag that was not asked of the human
                yield _Pair(flag, labels, truth, Validated(coded, true, truth.weights, said.runs))


# Accuracy --------------------------------------------------------------------------------------------------


def _kappa(codes: Validated) -> Estimate:
    """Weighted, with its interval by runs; none where one of them never varies, or both always agree."""
    index, runs = codes.clusters()
    kappa = kappa_by_runs(two.confusions(codes.coder, codes.human, index, runs, codes.weights))
    varied = two.kappa_interval(two.confusion(codes.coder, codes.human)) is not None
    return kappa if varied else Estimate(kappa.value, None, kappa.n)


def _accuracy(pair: _Pair) -> Mapping[str, object]:
    found, kappa = accuracy(pair.codes), _kappa(pair.codes)
    return {
        "flag": pair.flag,
        "labels": pair.labels,
        "human": pair.truth.name,
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
            "human": pair.truth.name,
            **cells("naive", rate),
            **{column: cell for name in found for column, cell in _corrected(name, found[name]).items()},
            "messages": int((~np.isnan(pair.codes.coder[inside])).sum()),
            "validated": int((pair.codes.both & inside).sum()),
            "note": "; ".join(note for name in found for note in _problems(name, found[name])) or None,
        }


def _runs(pairs: Sequence[_Pair]) -> npt.NDArray[np.generic]:
    runs = pairs[0].codes.runs  # the same for all
    return np.arange(len(pairs[0].codes.coder)) if runs is None else runs


def _naive(pairs: Sequence[_Pair], inside: npt.NDArray[np.bool_], bootstrap: Bootstrap) -> list[Estimate]:
    """The uncorrected rates of one series; all pairs share their resamples."""
    index, runs = cluster_index(_runs(pairs)[inside])
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


def _notes(analysis: Analysis, method: str) -> tuple[str, ...]:
    taken = truths(analysis)
    if not taken:
        return (NO_HUMAN,)
    return (method, *_of_several(analysis), *(truth.problem for truth in taken if truth.problem))


def _of_several(analysis: Analysis) -> Iterator[str]:
    """How several humans were reconciled, and how far they agree."""
    names = humans(analysis)
    if len(names) < 2:
        return
    rule = analysis.reconcile
    yield f"humans:{rule} is what {', '.join(names)} come to together: {ADJUDICATIONS[rule].definition}."
    for pair in pair_agreements(panel_codes(analysis, names)):
        kappas = [
            f"{flag} {found.kappa:.2f}" for flag, found in pair.flags.items() if found.kappa is not None
        ]
        said = ", ".join(kappas) or "undefined"
        yield f"Kappa of {pair.coder_a} and {pair.coder_b}, both human: {said}."
