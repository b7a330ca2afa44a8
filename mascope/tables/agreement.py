"""The table of agreement, and what it lets one say of each flag."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from mascope.codebook import Thresholds
from mascope.stats.agreement import Agreement, MeanAgreement, PairAgreement, PanelCodes, pair_agreements
from mascope.stats.resampling import Bootstrap
from mascope.tables.analysis import Analysis
from mascope.tables.table import Column, Table

MEAN = "mean"

COLUMNS = (
    Column("flag", "The flag; `mean` is the mean over the flags on which the coefficient is defined."),
    Column("coder_a", "First coder of the pair."),
    Column("coder_b", "Second coder of the pair."),
    Column("n", "Messages that both decided."),
    Column("agreement", "Share of them that both coded alike.", 3, kind="share"),
    Column("prevalence_a", "Share that the first coder says yes to.", 3, kind="share", detail=True),
    Column("prevalence_b", "Share that the second coder says yes to.", 3, kind="share", detail=True),
    Column("kappa", "Cohen's kappa (Cohen 1960).", 3, kind="share"),
    Column(
        "kappa_low",
        "Lower end of its analytic 95% interval; of the mean, by bootstrap over runs.",
        3,
        kind="share",
    ),
    Column("kappa_high", "Upper end of the same.", 3, kind="share"),
    Column("kappa_run_low", "Lower end of kappa's 95% interval by bootstrap over runs.", 3, detail=True),
    Column("kappa_run_high", "Upper end of the same.", 3, detail=True),
    Column("ac1", "Gwet's AC1 (Gwet 2008): robust where a flag is rare or common.", 3, kind="share"),
    Column("pabak", "Prevalence- and bias-adjusted kappa (Byrt et al. 1993).", 3, detail=True),
    Column("alpha", "Krippendorff's alpha, nominal (Krippendorff 2011).", 3, kind="share"),
    Column("positive", "Positive agreement: of all yes given, the share that met a yes.", 3, detail=True),
    Column("negative", "Negative agreement: of all no given, the share that met a no.", 3, detail=True),
    Column("yes_yes", "Messages that both coded yes.", detail=True),
    Column("yes_no", "Messages that only the first coded yes.", detail=True),
    Column("no_yes", "Messages that only the second coded yes.", detail=True),
    Column("no_no", "Messages that both coded no.", detail=True),
    Column("mcnemar_p", "McNemar's p: does one of them say yes more often?", 3, detail=True),
)


def agreement_table(analysis: Analysis) -> Table:
    """One row a flag and pair of coders; for each pair a row `mean` last."""
    rows = [row for pair in _pairs(analysis) for row in _rows(pair)]
    frame = pd.DataFrame(rows, columns=[column.name for column in COLUMNS])
    notes = tuple(sentences(frame, analysis)) or ("Fewer than two coders have coded: there is no agreement.",)
    return Table("agreement", "Agreement of coders", COLUMNS, frame, notes)


def sentences(frame: pd.DataFrame, analysis: Analysis) -> list[str]:
    """One plain sentence a flag: may its results be interpreted, by the panel's own agreement?"""
    inside = frame[frame["coder_a"].isin(analysis.coders) & frame["coder_b"].isin(analysis.coders)]
    return [
        sentence(
            flag, inside[inside["flag"] == flag]["kappa"].to_numpy(dtype=np.float64), analysis.thresholds
        )
        for flag in (analysis.flags if len(inside) else ())
    ]


def sentence(flag: str, kappas: np.ndarray[tuple[int], np.dtype[np.float64]], thresholds: Thresholds) -> str:
    """What the kappas of a flag, over the panel's pairs, let one say. The weakest pair decides."""
    defined = kappas[~np.isnan(kappas)]
    if not len(defined):
        return (
            f"{flag}: agreement is undefined (no coder ever varied), so nothing can be said about this flag."
        )
    kappa = float(defined.min())
    lowest = "lowest kappa" if len(defined) > 1 else "kappa"
    near = any(abs(kappa - limit) < 0.005 for limit in (thresholds.care, thresholds.good))
    shown = f"{kappa:.4f}" if near else f"{kappa:.2f}"  # so that 0.7996 is not said to be below itself
    return f"{flag}: {lowest} {shown}, {verdict(kappa, thresholds)}."


def verdict(kappa: float, thresholds: Thresholds) -> str:
    if kappa >= thresholds.good:
        return "may be interpreted"
    if kappa >= thresholds.care:
        return f"to be interpreted with care (below {thresholds.good:g})"
    return f"may not be interpreted (below {thresholds.care:g})"


def _pairs(analysis: Analysis) -> tuple[PairAgreement, ...]:
    coders = (*analysis.references, *analysis.coders)
    if len(coders) < 2 or not analysis.flags:
        return ()
    panel = panel_codes(analysis, coders)
    return pair_agreements(panel, Bootstrap(analysis.rng("agreement"), analysis.resamples))


def panel_codes(analysis: Analysis, coders: tuple[str, ...]) -> PanelCodes:
    """What these coders said of each codable message; at least one coder."""
    frames = analysis.frames
    messages = pd.Index(frames.messages["message"])
    codes = np.stack([_codes(frames.codes, coder, analysis.flags, messages) for coder in coders])
    return PanelCodes(coders, analysis.flags, codes, frames.messages["run"].to_numpy(dtype=object))


def _codes(
    codes: pd.DataFrame, coder: str, flags: tuple[str, ...], messages: "pd.Index[str]"
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """(flags, messages) of one coder."""
    rows = codes[codes["coder"] == coder].set_index("message")[list(flags)]
    return rows.reindex(messages).to_numpy(dtype=np.float64).T


def _rows(pair: PairAgreement) -> list[Mapping[str, object]]:
    who = {"coder_a": pair.coder_a, "coder_b": pair.coder_b}
    flags = [{"flag": flag, **who, **_flag(found)} for flag, found in pair.flags.items()]
    return [*flags, {"flag": MEAN, **who, **_mean(pair.mean), "n": max(f.n for f in pair.flags.values())}]


def _flag(found: Agreement) -> Mapping[str, object]:
    table, analytic = found.confusion, found.kappa_interval
    by_runs = found.coefficients["kappa"].interval
    return _coefficients(found) | {
        "n": found.n,
        "kappa_low": analytic.low if analytic else None,
        "kappa_high": analytic.high if analytic else None,
        "kappa_run_low": by_runs.low if by_runs else None,
        "kappa_run_high": by_runs.high if by_runs else None,
        "yes_yes": table.yy,
        "yes_no": table.yn,
        "no_yes": table.ny,
        "no_no": table.nn,
        "mcnemar_p": found.mcnemar.p if found.mcnemar else None,
    }


def _mean(mean: MeanAgreement) -> Mapping[str, object]:
    interval = mean.coefficients["kappa"].interval
    low, high = (interval.low, interval.high) if interval else (None, None)
    ends = {"kappa_low": low, "kappa_high": high, "kappa_run_low": low, "kappa_run_high": high}
    return _coefficients(mean) | ends


def _coefficients(found: Agreement | MeanAgreement) -> dict[str, object]:
    names = {column.name for column in COLUMNS} & set(found.coefficients)
    return {name: found.coefficients[name].value for name in names}
