"""What the others do once an agent has failed."""

import pandas as pd

from mascope.stats.compensation import Observed, compensation, event_levels, observed
from mascope.tables.analysis import Analysis
from mascope.tables.table import Column, Table

USUAL_FLAG = "COMP"
NO_FLAG = "Nobody coded compensation (a flag that is no trait, as COMP), so there is nothing to count."
NOTES = (
    "An event is a message with the flag; a message is exposed once another agent of its run has failed "
    "in an earlier round. Events in broadcasts, which list addressees, are among them and counted apart.",
    "did: change of the rate of events (broadcasts left out) after the failure, less the change in the same "
    "rounds of the study's runs without any failure; after a failure in round 0 just what follows. "
    "did_p is by permutation of runs.",
)
DEFINITIONS = {
    "series": ("The series.", None),
    "labels": ("How the codes were adjudicated, or whose they are.", None),
    "flag": ("The flag of compensation.", None),
    "runs": ("Runs of the series.", None),
    "runs_with": ("Runs with an event.", None),
    "events": ("Messages with the flag.", None),
    "per_run": ("Events per run.", 3),
    "per_run_low": ("Lower end of its 95% interval by bootstrap over runs.", 3),
    "per_run_high": ("Upper end of the same.", 3),
    "exposed_messages": ("Exposed messages whose label is decided.", None),
    "exposed_events": ("Events among them.", None),
    "per_exposed_message": ("Their share.", 4),
    "per_exposed_low": ("Lower end of its 95% interval by bootstrap over runs.", 4),
    "per_exposed_high": ("Upper end of the same.", 4),
    "notices": ("Failure notices that the others were shown.", None),
    "per_notice": ("Events per notice shown.", 3),
    "L1": ("Events of the first level: the absence is noted.", None),
    "L2": ("Of the second: the absent agent's work is covered.", None),
    "L3": ("Of the third: it is redistributed.", None),
    "no_level": ("Events to which no coder gave a level.", None),
    "broadcast_events": ("Events in broadcasts.", None),
    "broadcasts": ("Broadcasts.", None),
    "undecided": ("Messages whose label is undecided.", None),
    "who": ("Who the events are by, and how many.", None),
    "compensators": ("How many different agents.", None),
    "delay_rounds": (
        "Rounds from the first failure to the first exposed event, mean of runs that have one.",
        2,
    ),
    "delay_low": ("Lower end of its 95% interval by bootstrap over runs.", 2),
    "delay_high": ("Upper end of the same.", 2),
    "did": ("Difference in differences of the rate of events against placebo.", 4),
    "did_low": ("Lower end of its 95% interval by bootstrap over runs.", 4),
    "did_high": ("Upper end of the same.", 4),
    "did_p": ("Its two-sided p by permutation of runs.", 3),
    "failed_runs": ("Runs of the series with a failure and a rate.", None),
    "placebo_runs": ("Runs of the study without any failure, with a rate.", None),
    "note": ("What could not be computed, and why.", None),
}
SHOWN = {
    "series", "labels", "runs", "runs_with", "events", "per_run", "per_exposed_message", "per_exposed_low",
    "per_exposed_high", "L1", "L2", "L3", "broadcast_events", "did", "did_p", "note",
}  # fmt: skip
COLUMNS = tuple(
    Column(name, definition, digits, detail=name not in SHOWN)
    for name, (definition, digits) in DEFINITIONS.items()
)


def compensation_table(analysis: Analysis) -> Table:
    """One row a series."""
    flag = compensation_flag(analysis)
    if flag is None:
        empty = pd.DataFrame(columns=list(DEFINITIONS))
        return Table("compensation", "Compensation for failed agents", COLUMNS, empty, (NO_FLAG,))
    data = observed_events(analysis, flag)
    found = compensation(data, analysis.series, analysis.rng("compensation"), analysis.resamples)
    shown = found.assign(labels=analysis.labels, flag=flag)[list(DEFINITIONS)]
    return Table("compensation", "Compensation for failed agents", COLUMNS, shown, NOTES)


def observed_events(analysis: Analysis, flag: str) -> Observed:
    """All that was said, coded and lost, with the levels of events: two tables are made of it."""
    frames = analysis.frames
    return analysis.once(
        f"observed {flag}",
        lambda: observed(
            analysis.labelled,
            frames.messages["broadcast"],
            event_levels(_levels(analysis, flag), analysis.labels),
            flag,
            frames.runs,
            frames.failures,
        ),
    )


def compensation_flag(analysis: Analysis) -> str | None:
    """COMP, or else the first flag that is no trait."""
    others = [flag for flag in analysis.flags if flag not in analysis.traits]
    return USUAL_FLAG if USUAL_FLAG in analysis.flags else next(iter(others), None)


def _levels(analysis: Analysis, flag: str) -> pd.DataFrame:
    """`message`, `level` of every coder whose codes make the labels, where it gave one."""
    codes, column = analysis.frames.codes, f"{flag}_level"
    if column not in codes:
        return pd.DataFrame({"message": [], "level": []}, dtype=object)
    asked = [analysis.labels] if analysis.labels in set(codes["coder"].unique()) else list(analysis.coders)
    given = codes.loc[codes["coder"].isin(asked) & codes[column].notna(), ["message", column]]
    return given.rename(columns={column: "level"})
