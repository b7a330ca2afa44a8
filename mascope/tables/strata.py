"""Agreement looked at more closely: of the whole panel, and within each series and each model."""

from collections.abc import Iterator, Mapping, Sequence

from mascope.stats.agreement import Agreement, PanelAgreement, by_stratum, panel_agreements, split
from mascope.stats.confusion import kappa_interval
from mascope.stats.resampling import Bootstrap, Estimate
from mascope.tables.agreement import FEW
from mascope.tables.analysis import Analysis
from mascope.tables.codes import panel_codes
from mascope.tables.differentiation import NOTE
from mascope.tables.estimates import cells, frame_of
from mascope.tables.table import Column, Table

STRATA: Mapping[str, str] = {"series": "series", "model": "label"}
"""Kind of stratum → the column of the messages that holds it."""

BY_COLUMNS = (
    Column("by", "What the messages are divided by: series or model."),
    Column("stratum", "Which series or model."),
    Column("flag", "The flag."),
    Column("coder_a", "First coder of the pair."),
    Column("coder_b", "Second coder of the pair."),
    Column("n", "Messages of the stratum that both decided."),
    Column("agreement", "Share of them that both coded alike.", 3),
    Column("kappa", "Cohen's kappa (Cohen 1960).", 3),
    Column("kappa_low", "Lower end of its 95% interval by jackknife over runs.", 3),
    Column("kappa_high", "Upper end of the same.", 3),
    Column("ac1", "Gwet's AC1 (Gwet 2008).", 3),
    Column("weighted", "Whether messages count for as many as they stand for in a sample.", detail=True),
    NOTE,
)

PANEL_COLUMNS = (
    Column("flag", "The flag."),
    Column("coders", "Coders of the panel."),
    Column("n", "Messages that at least two of them decided."),
    Column("complete", "Messages that all of them decided; Fleiss' kappa rests on these."),
    Column("fleiss", "Fleiss' kappa (Fleiss 1971).", 3),
    Column("fleiss_low", "Lower end of its 95% interval by bootstrap over runs.", 3),
    Column("fleiss_high", "Upper end of the same.", 3),
    Column("alpha", "Krippendorff's alpha, nominal, with missing codes (Krippendorff 2011).", 3),
    Column("alpha_low", "Lower end of its 95% interval by bootstrap over runs.", 3),
    Column("alpha_high", "Upper end of the same.", 3),
    Column("ac1", "Gwet's AC1 for several coders (Gwet 2014).", 3),
    Column("ac1_low", "Lower end of its 95% interval by bootstrap over runs.", 3),
    Column("ac1_high", "Upper end of the same.", 3),
    NOTE,
)
PANEL_BY_COLUMNS = (*BY_COLUMNS[:2], *PANEL_COLUMNS)
BY_RESAMPLES = 2000
"""Resamples for the panel within each stratum, at most: there are many strata."""


def agreement_by_table(analysis: Analysis) -> Table:
    """One row a stratum, flag and pair of coders that share messages there."""
    frame = frame_of(_by_rows(analysis), BY_COLUMNS)
    notes = () if len(_everyone(analysis)) > 1 else (FEW,)
    return Table("agreement_by", "Agreement of coders by series and model", BY_COLUMNS, frame, notes)


def panel_agreement_table(analysis: Analysis) -> Table:
    """One row a flag: all coders of the panel together."""
    coders = analysis.coders
    found: Mapping[str, PanelAgreement] = {}
    if len(coders) > 1:
        bootstrap = Bootstrap(analysis.rng("panel_agreement"), analysis.resamples)
        found = panel_agreements(panel_codes(analysis, coders), bootstrap)
    rows = [_panel_row(flag, agreement, len(coders)) for flag, agreement in found.items()]
    frame = frame_of(rows, PANEL_COLUMNS)
    return Table("panel_agreement", "Agreement of the whole panel", PANEL_COLUMNS, frame, _of_panel(coders))


def panel_agreement_by_table(analysis: Analysis) -> Table:
    """One row a stratum and flag: all coders of the panel together."""
    frame = frame_of(_panel_by_rows(analysis), PANEL_BY_COLUMNS)
    title = "Agreement of the whole panel by series and model"
    return Table("panel_agreement_by", title, PANEL_BY_COLUMNS, frame, _of_panel(analysis.coders))


def _panel_by_rows(analysis: Analysis) -> Iterator[Mapping[str, object]]:
    coders = analysis.coders
    if len(coders) < 2 or not analysis.flags:
        return
    panel = panel_codes(analysis, coders)
    for kind, column in STRATA.items():
        strata = analysis.frames.messages[column]
        rng = analysis.rng(f"panel_agreement by {kind}")
        for stratum, part in split(panel, strata).items():
            found = panel_agreements(part, Bootstrap(rng, min(analysis.resamples, BY_RESAMPLES)))
            for flag, agreement in found.items():
                if agreement.messages:
                    row = _panel_row(flag, agreement, len(coders))
                    yield {"by": kind, "stratum": str(stratum), **row}


def _of_panel(coders: Sequence[str]) -> tuple[str, ...]:
    return () if len(coders) > 1 else ("The panel has fewer than two coders: there is no agreement.",)


def _everyone(analysis: Analysis) -> tuple[str, ...]:
    return (*analysis.references, *analysis.coders)


def _by_rows(analysis: Analysis) -> Iterator[Mapping[str, object]]:
    coders = _everyone(analysis)
    if len(coders) < 2 or not analysis.flags:
        return
    panel = panel_codes(analysis, coders)
    for kind, column in STRATA.items():
        strata = analysis.frames.messages[column]
        for stratum, pairs in by_stratum(panel, strata).items():
            for pair in pairs:
                who = {"by": kind, "stratum": str(stratum), "coder_a": pair.coder_a, "coder_b": pair.coder_b}
                yield from (
                    {"flag": f, **who, **_by_cells(found)} for f, found in pair.flags.items() if found.n
                )


def _by_cells(found: Agreement) -> Mapping[str, object]:
    kappa = found.coefficients["kappa"]
    return {
        "n": found.n,
        "agreement": found.coefficients["agreement"].value,
        "ac1": found.coefficients["ac1"].value,
        **cells("kappa", kappa),
        "weighted": found.weighted,
        "note": _why(found, kappa),
    }


def _why(found: Agreement, kappa: Estimate) -> str | None:
    if kappa.value is None:
        return "neither coder ever varied"
    if kappa_interval(found.confusion) is None:
        return "no interval: a coder never varied, or both always agreed"
    return None if kappa.interval else "no interval: too few runs, or the flag in too few of them"


def _panel_row(flag: str, found: PanelAgreement, coders: int) -> Mapping[str, object]:
    estimates = [cells(name, found.coefficients[name]) for name in ("fleiss", "alpha", "ac1")]
    return {
        "flag": flag,
        "coders": coders,
        "n": found.messages,
        "complete": found.complete,
        **{column: cell for some in estimates for column, cell in some.items()},
        "note": _panel_note(found),
    }


def _panel_note(found: PanelAgreement) -> str | None:
    if found.messages == 0:
        return "no message was decided by two coders"
    if found.complete == 0:
        return "no message was decided by all coders"
    undefined = [name for name in ("fleiss", "alpha") if found.coefficients[name].value is None]
    return "no coder ever varied" if undefined else None
