"""The methods: how the discussions were held and coded."""

from collections.abc import Iterator, Mapping

import pandas as pd

from mascope.judging.adjudication import ADJUDICATIONS
from mascope.report.facts import Coder, Told
from mascope.report.prose import joined, listed, many, plural, share, spread
from mascope.report.summary import SIMULATED, SIMULATED_MEANING

MEAN = "mean"


def held(told: Told) -> Iterator[str]:
    facts, runs = told.facts, told.rows("runs")
    if facts.simulated:
        yield f"{SIMULATED}: {SIMULATED_MEANING}"
    if not len(runs):
        return
    per_series = runs.groupby(runs["series"].astype(str), sort=False).size()
    by_series = listed([f"{name} {count}" for name, count in per_series.items()])
    source = f" (transcripts imported: {facts.imported})" if facts.imported else ""
    yield (
        f"The study {facts.study} comprises {many(len(runs), 'group discussion')} in "
        f"{len(per_series)} series{by_series}{source}."
    )
    unfinished = int((runs["status"].astype(str) != "done").sum())
    if unfinished:
        yield f"{many(unfinished, 'run')} had not ended as planned, analysed as far as they went."
    yield from _conditions(told)
    yield from _besides(told)
    yield from _turns(runs)


def _conditions(told: Told) -> Iterator[str]:
    found = told.rows("conditions")
    if not len(found):
        return
    agents, rounds = (spread(found[column]) for column in ("agents", "rounds"))
    yield f"A discussion had {agents} agents and {rounds} rounds."
    together = found[~found["interaction"].isin(ALONE)]
    for column, sentences in SETTINGS.items():
        there = found if column == "interaction" else together
        for value in [value for value in there[column].unique() if value in sentences]:
            which = "" if (found[column] == value).all() else _in(there, column, value)
            yield sentences[value].format(which=which)
    faults = found[found["faults"] != ""]
    if len(faults):
        same = faults["faults"].nunique() == 1 and len(faults) == len(found)
        told_of = faults["faults"].iloc[0] if same else f"{len(faults)} of {len(found)} series"
        yield f"Failures were part of the design ({told_of})."


ALONE = ("isolation", "solo")
"""Interactions in which nobody sees anybody, so that it does not matter who speaks when."""


def _besides(told: Told) -> Iterator[str]:
    """What was done in discussions beside letting the agents speak in turn."""
    facts = told.facts
    if facts.forks:
        yield (
            f"{many(facts.forks, 'run')} went on from a round of another (forks); only what was said from "
            "there on is counted."
        )
    if facts.scripted:
        yield f"{many(facts.scripted, 'message')} had been written beforehand and were not coded."
    if facts.probes:
        yield (
            f"Agents were asked in private ({joined(facts.probes)}; {many(facts.answers, 'question')} put); "
            "neither question nor answer was part of a later prompt."
        )


SETTINGS: Mapping[str, Mapping[str, str]] = {
    "interaction": {
        "isolation": "In isolation{which}, each agent answered the brief alone.",
        "solo": "Held solo{which}, each agent saw the brief and its own turns only.",
    },
    "visibility": {
        "simultaneous": "Rounds were simultaneous{which}: what an agent saw ended with the round before.",
        "sequential": "Agents spoke one after the other{which}, each seeing all earlier turns.",
        "staggered": "Rounds were staggered{which}: what an agent saw of a round depended on how fast the "
        "others answered.",
    },
    "order": {
        "fixed": "The order of speaking was fixed{which}.",
        "reversed": "The order of speaking was reversed{which}.",
        "shuffled": "The order of speaking was shuffled anew for each run{which}.",
        "shuffled_rounds": "The order of speaking was shuffled anew for each round{which}.",
        "latin": "The order of speaking was counterbalanced by Latin squares{which}.",
    },
}
"""Column of the table of conditions → its value → what is said of it; {which} says in which series."""


def _in(found: pd.DataFrame, column: str, value: object) -> str:
    names = [str(name) for name in found["series"][found[column] == value]]
    return listed(names, "series ") or f" ({len(names)} of {len(found)} series)"


def _turns(runs: pd.DataFrame) -> Iterator[str]:
    counts = {
        name: int(runs[name].sum()) for name in ("messages", "empty", "failures_injected", "failures_organic")
    }
    yield (
        f"They brought {counts['messages']:,} codable messages (an answer with at least two characters); "
        f"{many(counts['empty'], 'shorter answer')}, "
        f"{many(counts['failures_injected'], 'turn')} lost to failures that the design asked for and "
        f"{many(counts['failures_organic'], 'turn')} lost to others hold no message."
    )


def models(told: Told) -> Iterator[str]:
    models = told.facts.models
    if models:
        yield f"The agents' {plural(len(models), 'model was', 'models were')} {joined(models)}."
    asked = [
        unit.format(spread(told.rows("conditions")[column].dropna()))
        for column, unit in SAMPLING.items()
        if told.has("conditions", column)
    ]
    if asked:
        yield f"Sampling asked for {joined(asked)}."


SAMPLING: Mapping[str, str] = {
    "temperature": "a temperature of {}", "max_tokens": "at most {} tokens an answer",
}  # fmt: skip
"""Column of the table of conditions → what is said of its values."""


# How it was coded ------------------------------------------------------------------------------------------


KINDS: Mapping[str, str] = {
    "llm": "language model", "rules": "rules", "human": "human", "imported": "imported codes",
}  # fmt: skip


def coded(told: Told) -> Iterator[str]:
    labels = told.labels
    if not labels.coders or not labels.flags:
        return
    by_name = {coder.name: coder for coder in told.facts.coders}
    panel = [_coder(by_name.get(name, Coder(name, ""))) for name in labels.coders]
    yield f"Messages were coded one by one for {joined(labels.flags)} by {joined(panel)}."
    if len(labels.coders) > 1:
        yield f"Labels are by {_rule(labels.rule)}."
    decided = int(labels.frame[list(labels.flags)].notna().any(axis=1).sum())
    yield f"{decided:,} of {len(labels.frame):,} messages have a label."
    if labels.references:
        others = [_coder(by_name.get(name, Coder(name, ""))) for name in labels.references]
        yield f"They were compared with the codes of {joined(others)}."
    yield from _agreement(told)
    yield from _corrected(told)


def _coder(coder: Coder) -> str:
    kind = KINDS.get(coder.kind, coder.kind)
    about = ", ".join(part for part in (kind, coder.model) if part)
    return f"{coder.name} ({about})" if about else coder.name


def _rule(rule: str) -> str:
    if rule not in ADJUDICATIONS:
        return f"the codes of {rule} alone"
    return f"{rule.replace('_', '–')} ({ADJUDICATIONS[rule].definition.replace('&', 'and')})"


def _agreement(told: Told) -> Iterator[str]:
    found, coders = told.rows("agreement"), told.labels.coders
    if not len(found) or len(coders) < 2:
        return
    inside = found[found["coder_a"].isin(coders) & found["coder_b"].isin(coders)]
    single = inside[inside["flag"] != MEAN].dropna(subset=["kappa"])
    if not len(single):
        return
    ranked = single.sort_values("kappa", kind="stable")
    low, high = ranked.iloc[0], ranked.iloc[-1]
    mean = inside[inside["flag"] == MEAN]["kappa"].mean()
    yield (
        f"Cohen's kappa (Cohen 1960) of the panel's pairs of coders lies between {share(low['kappa'])} "
        f"({low['flag']}) and {share(high['kappa'])} ({high['flag']}), {share(mean)} in the mean of flags; "
        "AC1 (Gwet 2008) and Krippendorff's alpha (Krippendorff 2011) are given beside it."
    )
    limits = told.labels.thresholds
    yield f"Flags with a kappa below {limits.care:g} may not be interpreted, below {limits.good:g} with care."


def _corrected(told: Told) -> Iterator[str]:
    found = told.rows("corrected")
    used = [text for column, text in CORRECTIONS.items() if column in found and found[column].notna().any()]
    if used:
        yield f"Rates corrected by the human codes are by {joined(used)}."


CORRECTIONS: Mapping[str, str] = {
    "rogan_gladen": "sensitivity and specificity (Rogan and Gladen 1978)",
    "prediction_powered": "prediction-powered inference (Angelopoulos et al. 2023)",
}
