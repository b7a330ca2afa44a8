"""The hypotheses with the coders' errors taken out, where a human has coded too.

A share of messages is corrected series by series (prediction-powered). Similarity is computed anew from
profiles whose rates are turned round by the coder's sensitivity and specificity (Rogan & Gladen 1978), taken
to be the same everywhere.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from mascope.stats.comparisons import Comparison
from mascope.stats.correction import Validated, accuracy, prediction_powered
from mascope.stats.profiles import any_trait, flag_values, tally
from mascope.stats.resampling import Estimate, cluster_index
from mascope.stats.sensitivity import Finding, corrected_finding, finding
from mascope.stats.similarity import DISTANCES, mean_cosines, mean_distances
from mascope.tables.analysis import Analysis
from mascope.tables.truth import Truth, truths

FROM_PROFILES = ("similarity", *DISTANCES)


def human_findings(
    analysis: Analysis, questions: list[Comparison]
) -> Iterator[tuple[str, dict[str, Finding]]]:
    """(human, hypothesis → finding) for each human who coded beside the panel, where it can be said.

    Of several humans also for what they come to together, which comes first.
    """
    for truth in truths(analysis):
        shares = {q.hypothesis: found for q in questions if (found := _share(analysis, q, truth))}
        yield truth.name, shares | _of_profiles(analysis, questions, truth)


def _share(analysis: Analysis, question: Comparison, truth: Truth) -> Finding | None:
    """For a flag's rate or the share with any trait of independent runs."""
    if question.measure in analysis.flags:
        wanted: tuple[str, ...] = (question.measure,)
    elif question.measure == "any_trait" and analysis.traits:
        wanted = analysis.traits
    else:
        return None
    if question.matched_by is not None:
        return None
    human = any_trait(truth.codes[[analysis.flags.index(flag) for flag in wanted]])
    coder = any_trait(flag_values(analysis.labelled, wanted))
    codes = Validated(coder, human, truth.weights, cluster_index(analysis.labelled["run"])[0])
    return corrected_finding(
        question, _rate(analysis, codes, question.series_a), _rate(analysis, codes, question.series_b)
    )


def _rate(analysis: Analysis, codes: Validated, series: str) -> Estimate:
    inside = (analysis.labelled["series"] == series).to_numpy()
    runs = analysis.labelled["run"][inside].nunique()
    if not (codes.both & inside).any():
        return Estimate(None, None, runs)
    rate = prediction_powered(codes, inside)
    return Estimate(rate.value, rate.interval, runs)


def _of_profiles(analysis: Analysis, questions: list[Comparison], truth: Truth) -> dict[str, Finding]:
    asked = [question for question in questions if question.measure in FROM_PROFILES]
    corrected = _corrected_measures(analysis, truth) if asked else None
    return (
        {} if corrected is None else {q.hypothesis: finding(q, corrected) for q in asked if not q.matched_by}
    )


def _corrected_measures(analysis: Analysis, truth: Truth) -> pd.DataFrame | None:
    """`FROM_PROFILES` of each run; None where the errors of some trait are unknown or hide all there is."""
    counts = tally(analysis.labelled, analysis.traits, analysis.series)
    rates = counts.rates.copy()
    runs = cluster_index(analysis.labelled["run"])[0]
    for place, trait in enumerate(analysis.traits):
        human = truth.codes[analysis.flags.index(trait)]
        codes = Validated(flag_values(analysis.labelled, [trait])[0], human, truth.weights, runs)
        found = accuracy(codes)
        if found.sensitivity.value is None or found.specificity.value is None:
            return None
        false_yes = 1 - found.specificity.value
        if found.sensitivity.value <= false_yes:
            return None
        rates[:, place] = (rates[:, place] - false_yes) / (found.sensitivity.value - false_yes)
    profiles, starts = np.clip(rates, 0.0, 1.0), counts.cells.starts
    if not len(starts):
        return None
    distances = {name: mean_distances(profiles, starts, distance) for name, distance in DISTANCES.items()}
    series = np.array(counts.cells.series, dtype=object)[counts.cells.series_of_run]
    return pd.DataFrame(
        {"run": counts.cells.runs, "series": series, "similarity": mean_cosines(profiles, starts).mean}
        | distances
    )
