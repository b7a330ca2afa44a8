"""May a result be interpreted? One answer for each flag, by how far the coders agree on it.

Every table that shows a flag has the answer beside it (`interpret`), and every table that is made of several
flags says which of them fall short. The thresholds stand in the panel file; the weakest pair of coders
decides.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import pandas as pd

from mascope.codebook import Thresholds
from mascope.stats.agreement import Agreement, PairAgreement, pair_agreements
from mascope.study.measures import FROM_CODES
from mascope.tables.analysis import Analysis
from mascope.tables.codes import panel_codes
from mascope.tables.compensation import compensation_flag
from mascope.tables.table import Column, Table

Answer: TypeAlias = Literal["yes", "with care", "no", "cannot say"]

ORDER: Sequence[Answer] = ("no", "cannot say", "with care", "yes")
"""From the answer that forbids most. What is made of several flags is as good as the worst of them."""
FEW = 10
"""Messages of the rarer answer below which a kappa is said to rest on little."""
FROM_ONE_FLAG: Mapping[str, Callable[[Analysis], str | None]] = {
    "leads": lambda _: "LEAD",
    "events": compensation_flag,
    "delay_rounds": compensation_flag,
}
"""Measures, and a table, that are made of one flag which is not named beside them. Of the others a flag's own
name is the measure of that flag, `FROM_CODES` are made of all traits, and the rest do not depend on codes."""
WHOLLY_FROM_TRAITS = frozenset({"similarity", "series", "roles"})
"""Tables every number of which about behaviour is made of all traits."""
RELIABILITY = frozenset((
    "agreement", "panel_agreement", "agreement_by", "panel_agreement_by", "accuracy", "self_agreement",
    "anchors", "drift", "batches",
))  # fmt: skip
"""Tables that say how far coders can be relied on: the answer is for their data files."""
GATES = "gates"
"""What they are kept as (`Analysis.once`)."""
INTERPRET = Column(
    "interpret",
    "May it be interpreted, by the coders' agreement on the flag (of several flags, the worst): yes, with "
    "care, no, or cannot say; the thresholds of kappa stand in the panel file.",
    kind="text",
)


@dataclass(frozen=True, slots=True)
class Gate:
    """What the coders' agreement on one flag lets one say."""

    flag: str
    answer: Answer
    kappa: float | None
    """The lowest over the pairs of coders for which it is defined."""
    sentence: str


# The answers -----------------------------------------------------------------------------------------------


def gates(analysis: Analysis) -> Mapping[str, Gate]:
    """The gate of each flag; decided once for all tables."""
    return analysis.once(GATES, lambda: _gates(analysis))


def _gates(analysis: Analysis) -> Mapping[str, Gate]:
    pairs = list(_deciding_pairs(analysis))
    return {
        flag: gate(
            flag,
            [pair.flags[flag].kappa for pair in pairs],
            analysis.thresholds,
            [_little(pair.flags[flag]) for pair in pairs],
        )
        for flag in analysis.flags
    }


def _little(found: Agreement) -> str | None:
    """What the kappa of a pair rests on, where that is little."""
    table = found.confusion
    counts = {
        "yes": min(table.yy + table.yn, table.yy + table.ny),
        "no": min(table.nn + table.yn, table.nn + table.ny),
    }
    rarer = min(counts, key=lambda answer: counts[answer])
    few = counts[rarer]
    if few == 0:
        return f"one of the coders never said {rarer}"
    messages = "1 message" if few == 1 else f"{few} messages"
    return f"it rests on but {messages} that a coder said {rarer} to" if few < FEW else None


def _deciding_pairs(analysis: Analysis) -> Iterable[PairAgreement]:
    """The pairs of the panel; where it has but one coder, that one beside each of the references."""
    coders = analysis.coders
    everyone = coders if len(coders) > 1 else (*coders, *analysis.references)
    if len(everyone) < 2 or not analysis.flags:
        return ()
    pairs = pair_agreements(panel_codes(analysis, everyone))
    return pairs if len(coders) > 1 else (pair for pair in pairs if coders[0] in (pair.coder_a, pair.coder_b))


def gate(
    flag: str,
    kappas: Sequence[float | None],
    thresholds: Thresholds,
    rest_on: Sequence[str | None] | None = None,
) -> Gate:
    """From the kappas of one flag's pairs, None where undefined. The weakest pair decides.

    `rest_on` says of each pair what its kappa rests on, where that is little.
    """
    pairs = zip(kappas, rest_on or [None] * len(kappas), strict=True)
    defined = [(kappa, little) for kappa, little in pairs if kappa is not None]
    if not defined:
        why = (
            "agreement is undefined (no coder ever varied)"
            if kappas
            else "fewer than two coders have coded it"
        )
        return Gate(flag, "cannot say", None, f"{flag}: {why}, so nothing can be said about this flag.")
    kappa, little = min(defined, key=lambda pair: pair[0])
    but = f"; {little}" if little else ""
    lowest = "lowest kappa" if len(defined) > 1 else "kappa"
    answer, shown = _answer(kappa, thresholds), _shown(kappa, thresholds)
    return Gate(flag, answer, kappa, f"{flag}: {lowest} {shown}, {_in_words(answer, thresholds)}{but}.")


def _shown(kappa: float, thresholds: Thresholds) -> str:
    """In so many digits that 0.7996 is not said to be below itself."""
    near = any(abs(kappa - limit) < 0.005 for limit in (thresholds.care, thresholds.good))
    return (f"{kappa:.4f}" if near else f"{kappa:.2f}").replace("-", "−")


def _answer(kappa: float, thresholds: Thresholds) -> Answer:
    if kappa >= thresholds.good:
        return "yes"
    return "with care" if kappa >= thresholds.care else "no"


def _in_words(answer: Answer, thresholds: Thresholds) -> str:
    if answer == "yes":
        return "may be interpreted"
    if answer == "with care":
        return f"to be interpreted with care (below {thresholds.good:g})"
    return f"may not be interpreted (below {thresholds.care:g})"


def worst(flags: Iterable[Gate]) -> Answer | None:
    """The answer for what is made of these flags; None of none."""
    return min((one.answer for one in flags), key=ORDER.index, default=None)


# Beside the results ----------------------------------------------------------------------------------------


def gated(build: Callable[[Analysis], Table], analysis: Analysis) -> Table:
    """The table that `build` makes, with the answers beside what rests on flags."""
    table = build(analysis)
    names = {column.name for column in table.columns}
    if INTERPRET.name in names:
        return table
    if "flag" in names:
        return _with_column(table, _by_flag(table, analysis))
    measures = _measures(table, analysis)
    if "hypothesis" in names or any(map(_rests_on_codes, measures)):
        table = _with_column(table, _by_measure(measures, analysis))
    if not analysis.coded:
        return table
    of_traits = table.name in WHOLLY_FROM_TRAITS or any(measure in FROM_CODES for measure in measures)
    sentences = [*_traits_that_fall_short(analysis)] if of_traits else []
    if table.name in FROM_ONE_FLAG:
        sentences += [one.sentence for one in _one_flag(table.name, analysis)]
    return replace(table, notes=(*table.notes, *sentences))


def _by_flag(table: Table, analysis: Analysis) -> list[str]:
    known = gates(analysis)
    return [known[flag].answer if flag in known else "" for flag in table.frame["flag"].tolist()]


def _by_measure(measures: Sequence[str], analysis: Analysis) -> list[str]:
    answers = {measure: _answer_for(measure, analysis) for measure in set(measures)}
    return [answers[measure] for measure in measures]


def _answer_for(measure: str, analysis: Analysis) -> str:
    """Of a measure; nothing where it does not depend on codes."""
    known = gates(analysis)
    if measure in known:
        return known[measure].answer
    return worst(_traits(analysis) if measure in FROM_CODES else _one_flag(measure, analysis)) or ""


def _measures(table: Table, analysis: Analysis) -> list[str]:
    """What each row measures: its own word for it, or its hypothesis's."""
    if "measure" in table.frame:
        return [str(name) for name in table.frame["measure"].tolist()]
    if "hypothesis" not in table.frame:
        return []
    of = {hypothesis.id: hypothesis.measure for hypothesis in analysis.hypotheses}
    return [of.get(id_, "") for id_ in table.frame["hypothesis"].tolist()]


def _rests_on_codes(measure: str) -> bool:
    return measure in FROM_ONE_FLAG or measure in FROM_CODES


def _one_flag(name: str, analysis: Analysis) -> list[Gate]:
    """The gate of the flag that a measure or table is made of, where it is known."""
    flag = FROM_ONE_FLAG[name](analysis) if name in FROM_ONE_FLAG else None
    return [one for one in gates(analysis).values() if one.flag == flag]


def _traits(analysis: Analysis) -> list[Gate]:
    known = gates(analysis)
    return [known[trait] for trait in analysis.traits]


def _with_column(table: Table, answers: Sequence[str]) -> Table:
    """The answers as the last column but the note."""
    column = replace(INTERPRET, detail=table.name in RELIABILITY)
    place = len(table.columns) - (table.columns[-1].name == "note")
    frame = table.frame.copy(deep=False)
    frame.insert(place, INTERPRET.name, pd.Series(list(answers), index=frame.index, dtype=object))
    return replace(table, columns=(*table.columns[:place], column, *table.columns[place:]), frame=frame)


def _traits_that_fall_short(analysis: Analysis) -> Iterator[str]:
    """One note that names them, or none."""
    short = [one for one in _traits(analysis) if one.answer != "yes"]
    said = [
        f"{answer}: {', '.join(_named(one, analysis.thresholds) for one in short if one.answer == answer)}"
        for answer in ORDER
        if any(one.answer == answer for one in short)
    ]
    if said:
        yield (
            "Similarity and any_trait are made of all traits. May these be interpreted, by their kappas? "
            f"{'; '.join(said)}."
        )


def _named(gate: Gate, thresholds: Thresholds) -> str:
    return gate.flag if gate.kappa is None else f"{gate.flag} ({_shown(gate.kappa, thresholds)})"
