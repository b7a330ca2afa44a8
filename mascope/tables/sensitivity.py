"""Does a result depend on a choice? Each hypothesis under every labelling, and with parts left out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from mascope.judging.adjudication import adjudicate
from mascope.stats.comparisons import Comparison
from mascope.stats.resampling import Floats
from mascope.stats.sensitivity import (
    ALPHA,
    Finding,
    adjusted,
    agrees,
    finding,
    verdict,
    without_each_run,
)
from mascope.study.measures import needs_codes
from mascope.tables.analysis import Analysis
from mascope.tables.codes import panel_codes
from mascope.tables.differentiation import NOT_CODED
from mascope.tables.human_variants import human_findings
from mascope.tables.hypotheses import comparisons, families, measured, measures_of_runs
from mascope.tables.table import Column, Table

RULES = ("intersection", "union", "majority")
"""Ways of adjudicating that are tried."""
MAIN = "main"
ONE_RUN = "leave one run out"

COLUMNS = (
    Column("hypothesis", "Its id in the study file."),
    Column(
        "kind",
        "What is varied: `labels` (adjudication), `coder` (one alone), `human-corrected`, `leave one agent "
        "out`, `leave one run out`, `organic failures` (runs that had any left out); `main` is the analysis "
        "in the table of contrasts.",
    ),
    Column("variant", "Which one; of the runs, the one whose absence speaks most against the conclusion."),
    Column("of", "How many variants this row stands for.", detail=True),
    Column("n_a", "Runs of the first series."),
    Column("n_b", "Runs of the second series."),
    Column("difference", "Mean of the measure in the first series minus that in the second.", 3),
    Column("r", "Effect size Z/√N; positive where the first series is larger.", 3, kind="share"),
    Column("p", "p-value of the same test as in the main analysis.", 3, kind="p"),
    Column("p_adjusted", "The same after Holm within the family, under this variant.", 3, kind="p"),
    Column("agrees", "Whether it comes to the conclusion of the main analysis, at .05 after Holm."),
)


def sensitivity_table(analysis: Analysis) -> Table:
    """One row a hypothesis and variant."""
    tried = _tried(analysis)
    rows = [row for of_one in tried.values() for row in of_one.rows]
    frame = pd.DataFrame(rows, columns=[column.name for column in COLUMNS])
    frame = frame.astype(
        {"difference": float, "r": float, "p": float, "p_adjusted": float, "agrees": "boolean"}
    )
    notes = [f"{id_}: {said}." for id_, said in verdicts(analysis).items()]
    if not analysis.hypotheses:
        notes = ["The study declares no hypotheses (`hypotheses:`)."]
    title = "Do the results depend on a choice?"
    return Table(
        "sensitivity", title, COLUMNS, frame, tuple(notes if analysis.coded else [*notes, NOT_CODED])
    )


def verdicts(analysis: Analysis) -> Mapping[str, str]:
    """One plain sentence a hypothesis, by its id."""
    free = {h.id for h in analysis.hypotheses if not needs_codes(h.measure)}
    return {
        id_: f"{of_one.verdict}; it does not depend on labels" if id_ in free else of_one.verdict
        for id_, of_one in _tried(analysis).items()
    }


# Variants --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Variant:
    kind: str
    name: str
    findings: Mapping[str, Finding]
    """By hypothesis; those it does not touch are left out."""


@dataclass(frozen=True, slots=True)
class _Tried:
    """All that was tried for one hypothesis."""

    rows: Sequence[Mapping[str, object]]
    verdict: str


@dataclass(frozen=True, slots=True)
class _Result:
    """What one variant says to one hypothesis."""

    variant: _Variant
    finding: Finding
    p_adjusted: float
    agrees: bool | None


def _tried(analysis: Analysis) -> Mapping[str, _Tried]:
    """Tried once, for two tables tell of it."""
    return analysis.once("sensitivity", lambda: _try_all(analysis))


def _try_all(analysis: Analysis) -> Mapping[str, _Tried]:
    questions = comparisons(analysis)
    if not questions:
        return {}
    measures = measures_of_runs(analysis)
    main = _variant(MAIN, analysis.labels, questions, measures)
    results: dict[str, list[_Result]] = {question.hypothesis: [] for question in questions}
    names = families(analysis)
    of_main = _in_families(main, questions, names)
    for variant in (main, *_variants(analysis, questions, measures)):
        for result, question in _results(variant, (main, of_main), questions, names):
            results[question.hypothesis].append(result)
    return {question.hypothesis: _summed(question, results[question.hypothesis]) for question in questions}


def _variants(analysis: Analysis, questions: list[Comparison], measures: pd.DataFrame) -> Iterator[_Variant]:
    if analysis.coded:
        yield from _labellings(analysis, questions)
        for human, findings in human_findings(analysis, questions):
            yield _Variant("human-corrected", human, findings)
    yield from _without_agents(analysis, questions)
    yield from _without_runs(questions, measures)
    yield from _without_failures(analysis, questions, measures)


def _labellings(analysis: Analysis, questions: list[Comparison]) -> Iterator[_Variant]:
    """Panels of one have nothing to adjudicate, and what needs no codes is the same under all of them."""
    questions = [question for question in questions if needs_codes(question.measure)]
    if len(analysis.coders) < 2 or not questions:
        return
    asked = _asked(analysis.labelled, questions).to_numpy()
    frame = analysis.labelled[asked]
    codes = panel_codes(analysis, analysis.coders).codes[:, :, asked]
    for kind, names in (("labels", RULES), ("coder", analysis.coders)):
        for name in names:
            if name != analysis.labels:
                labels = (
                    adjudicate(dict(zip(analysis.coders, of_flag, strict=True)), name)
                    for of_flag in codes.swapaxes(0, 1)
                )
                labelled = frame.assign(**dict(zip(analysis.flags, labels, strict=True)))
                yield _variant(kind, name, questions, measured(analysis, labelled, questions))


def _without_agents(analysis: Analysis, questions: list[Comparison]) -> Iterator[_Variant]:
    """The messages of one agent left out; only the series in which it sits need counting again."""
    inside = analysis.labelled[_asked(analysis.labelled, questions)]
    for agent in inside["agent"].unique():
        seated = set(inside["series"][inside["agent"] == agent].unique())
        touched = [q for q in questions if seated & {q.series_a, q.series_b}]
        kept = inside[(inside["agent"] != agent) & _asked(inside, touched)]
        yield _variant("leave one agent out", str(agent), touched, measured(analysis, kept, touched))


def _asked(labelled: pd.DataFrame, questions: list[Comparison]) -> "pd.Series[bool]":
    """(messages,): whether a message is of a series that any of the questions asks of."""
    return labelled["series"].isin({name for q in questions for name in (q.series_a, q.series_b)})


def _variant(kind: str, name: str, questions: list[Comparison], measures: pd.DataFrame) -> _Variant:
    return _Variant(kind, name, {q.hypothesis: finding(q, measures) for q in questions})


def _without_runs(questions: list[Comparison], measures: pd.DataFrame) -> Iterator[_Variant]:
    without = {q.hypothesis: without_each_run(q, measures) for q in questions}
    for run in dict.fromkeys(measures["run"]):
        touched = {id_: findings[run] for id_, findings in without.items() if run in findings}
        if touched:
            yield _Variant(ONE_RUN, run, touched)


def _without_failures(
    analysis: Analysis, questions: list[Comparison], measures: pd.DataFrame
) -> Iterator[_Variant]:
    """Runs in which something failed that nobody asked for, left out; nothing to try where none did."""
    runs = analysis.frames.runs
    failed = set(runs["run"][runs["failures_organic"] > 0].astype(str))
    hit = set(measures["series"][measures["run"].isin(failed)])
    touched = [q for q in questions if hit & {q.series_a, q.series_b}]
    if touched:
        left = measures[~measures["run"].isin(failed)]
        yield _variant("organic failures", "runs without any", touched, left)


# Results ---------------------------------------------------------------------------------------------------


def _results(
    variant: _Variant, of_main: tuple[_Variant, Floats], questions: list[Comparison], names: list[str]
) -> Iterator[tuple[_Result, Comparison]]:
    """A hypothesis that a variant does not touch enters its family as it is in the main analysis."""
    main, p_main = of_main
    whole = replace(variant, findings={**main.findings, **variant.findings})
    p_variant = _in_families(whole, questions, names)
    for question, before, now in zip(questions, p_main.tolist(), p_variant.tolist(), strict=True):
        found = variant.findings.get(question.hypothesis)
        if found is not None:
            known = main.findings[question.hypothesis], before
            yield _Result(variant, found, now, agrees(known, (found, now), question)), question


def _in_families(variant: _Variant, questions: list[Comparison], names: list[str]) -> Floats:
    """Adjusted p-values (questions,)."""
    return adjusted(questions, [variant.findings[q.hypothesis].p for q in questions], names)


def _summed(question: Comparison, results: list[_Result]) -> _Tried:
    main, others = results[0], results[1:]
    supported = None if np.isnan(main.p_adjusted) else main.p_adjusted < ALPHA
    of_runs = [result for result in others if result.variant.kind == ONE_RUN]
    shown = [result for result in others if result.variant.kind != ONE_RUN]
    rows = [_row(question, result, 1) for result in (main, *shown)]
    if of_runs:
        rows.append(_row(question, _weakest(of_runs, supported=bool(supported)), len(of_runs)))
    tried = sum(result.agrees is not None for result in others)
    said = verdict(supported, tried, _against(shown, of_runs))
    return _Tried(rows, said if supported is None else said + _untried(others))


def _untried(others: list[_Result]) -> str:
    """What leaves nothing to compare, as where every run had a failure."""
    kinds = dict.fromkeys(
        f"{result.variant.kind} ({result.variant.name})" for result in others if result.agrees is None
    )
    return f"; could not be tried: {', '.join(kinds)}" if kinds else ""


def _weakest(results: list[_Result], *, supported: bool) -> _Result:
    """A run whose absence overturns the conclusion, else the one whose absence comes nearest to that."""

    def against(result: _Result) -> tuple[bool, float]:
        p = result.finding.p
        nearness = -np.inf if p is None else (p if supported else -p)
        return result.agrees is False, nearness

    return max(results, key=against)


def _against(shown: list[_Result], of_runs: list[_Result]) -> Mapping[str, list[str]]:
    against: dict[str, list[str]] = {}
    for result in shown:
        if result.agrees is False:
            against.setdefault(result.variant.kind, []).append(result.variant.name)
    runs = [result.variant.name for result in of_runs if result.agrees is False]
    if runs:
        against[ONE_RUN] = runs if len(runs) <= 3 else [f"{len(runs)} of {len(of_runs)} runs"]
    return against


def _row(question: Comparison, result: _Result, of: int) -> Mapping[str, object]:
    found = result.finding
    return {
        "hypothesis": question.hypothesis, "kind": result.variant.kind, "variant": result.variant.name,
        "of": of, "n_a": found.n_a, "n_b": found.n_b, "difference": found.difference, "r": found.r,
        "p": found.p, "p_adjusted": result.p_adjusted,
        "agrees": None if result.variant.kind == MAIN else result.agrees,
    }  # fmt: skip
