"""The table of agreement, and what it lets one say of each flag."""

from collections.abc import Iterator, Mapping, Sequence

from mascope.judging.families import kin
from mascope.stats import confusion as two
from mascope.stats.agreement import Agreement, MeanAgreement, PairAgreement, pair_agreements
from mascope.stats.resampling import Bootstrap, Interval, number
from mascope.tables.analysis import Analysis
from mascope.tables.codes import half_weighted, kinds, panel_codes
from mascope.tables.estimates import frame_of
from mascope.tables.gate import gates
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
        "Lower end of its analytic 95% interval, cut off at −1 and 1 (Fleiss, Cohen and Everitt 1969); of "
        "the mean, by bootstrap over runs; where messages are weighted, kappa_run_low.",
        3,
        kind="share",
    ),
    Column("kappa_high", "Upper end of the same.", 3, kind="share"),
    Column(
        "kappa_run_low",
        "Lower end of kappa's 95% interval with runs as the units: by jackknife over runs, on the log odds "
        "of where it lies between its bounds; of the mean, by bootstrap.",
        3,
        detail=True,
    ),
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
    Column(
        "mcnemar_p",
        "McNemar's p: does one of them say yes more often? Not where messages are weighted.",
        3,
        detail=True,
    ),
    Column("weighted", "Whether messages count for as many as they stand for in a sample.", detail=True),
    Column("agreement_unweighted", "Agreement where every message counts alike.", 3, detail=True),
    Column("kappa_unweighted", "Cohen's kappa where every message counts alike.", 3, detail=True),
)
FEW = "Fewer than two coders have coded: there is no agreement."
OF_WEIGHTS = (
    "{coder} coded a sample drawn with unequal chances: what is said of it counts each message for as many "
    "as it stands for, so that it holds for all messages."
)


def agreement_table(analysis: Analysis) -> Table:
    """One row a flag and pair of coders; for each pair a row `mean` last."""
    pairs = _pairs(analysis)
    frame = frame_of([row for pair in pairs for row in _rows(pair)], COLUMNS)
    return Table("agreement", "Agreement of coders", COLUMNS, frame, tuple(_notes(analysis, pairs)))


def _notes(analysis: Analysis, pairs: Sequence[PairAgreement]) -> Iterator[str]:
    if not pairs:
        yield FEW
        return
    if len(analysis.coders) == 1:
        yield f"{analysis.coders[0]} has coded alone: it is held against {', '.join(analysis.references)}."
    yield from (gate.sentence for gate in gates(analysis).values())
    yield from _kin(analysis)
    for coder in (*analysis.coders, *analysis.references):
        if coder in weighted(pairs):
            yield OF_WEIGHTS.format(coder=coder)
        if half_weighted(analysis, coder):
            yield f"Only some codes of {coder} have sampling weights, so all count alike."
    if analysis.coders and len(analysis.references) > 1:
        yield from _between_humans(analysis, pairs)


def _kin(analysis: Analysis) -> Iterator[str]:
    """Judges of a family with a model that took part: they are known to favour their own."""
    messages = analysis.frames.messages[["served_by", "label"]].drop_duplicates()
    participants = [(str(served), str(label)) for served, label in messages.itertuples(index=False)]
    models = {} if analysis.recodings is None else analysis.recodings.models
    for judge, model in models.items():
        if of_its_kind := kin(model, participants):
            yield f"{judge} is of the same family as {', '.join(of_its_kind)}."


def weighted(pairs: Sequence[PairAgreement]) -> set[str]:
    """The coders in any pair of whose codes messages are weighted."""
    some = (pair for pair in pairs if any(found.weighted for found in pair.flags.values()))
    return {coder for pair in some for coder in (pair.coder_a, pair.coder_b)}


def _between_humans(analysis: Analysis, pairs: Sequence[PairAgreement]) -> Iterator[str]:
    known = kinds(analysis)
    for pair in pairs:
        if known[pair.coder_a] == known[pair.coder_b] == "human" and pair.mean.kappa is not None:
            yield f"Two humans, {pair.coder_a} and {pair.coder_b}: mean kappa {pair.mean.kappa:.2f}."


def _pairs(analysis: Analysis) -> tuple[PairAgreement, ...]:
    coders = (*analysis.references, *analysis.coders)
    if len(coders) < 2 or not analysis.flags:
        return ()
    return pair_agreements(
        panel_codes(analysis, coders), Bootstrap(analysis.rng("agreement"), analysis.resamples)
    )


def _rows(pair: PairAgreement) -> list[Mapping[str, object]]:
    who = {"coder_a": pair.coder_a, "coder_b": pair.coder_b}
    flags = [{"flag": flag, **who, **_flag(found)} for flag, found in pair.flags.items()]
    whole = {"n": max(f.n for f in pair.flags.values()), "weighted": flags[0]["weighted"]}
    return [*flags, {"flag": MEAN, **who, **_mean(pair.mean), **whole}]


def _flag(found: Agreement) -> Mapping[str, object]:
    table, analytic = found.confusion, found.kappa_interval
    by_runs = found.coefficients["kappa"].interval
    return _coefficients(found) | {
        "n": found.n,
        **_ends("kappa", by_runs if found.weighted else analytic),
        **_ends("kappa_run", by_runs),
        "yes_yes": table.yy,
        "yes_no": table.yn,
        "no_yes": table.ny,
        "no_no": table.nn,
        "mcnemar_p": found.mcnemar.p if found.mcnemar else None,
        "weighted": found.weighted,
        "agreement_unweighted": number(two.observed_agreement(two.as_counts(table))),
        "kappa_unweighted": number(two.kappa(two.as_counts(table))),
    }


def _mean(mean: MeanAgreement) -> Mapping[str, object]:
    interval = mean.coefficients["kappa"].interval
    return {**_coefficients(mean), **_ends("kappa", interval), **_ends("kappa_run", interval)}


def _ends(name: str, interval: Interval | None) -> Mapping[str, object]:
    low, high = (interval.low, interval.high) if interval else (None, None)
    return {f"{name}_low": low, f"{name}_high": high}


def _coefficients(found: Agreement | MeanAgreement) -> dict[str, object]:
    names = {column.name for column in COLUMNS} & set(found.coefficients)
    return {name: found.coefficients[name].value for name in names}
