"""How many runs the hypotheses need: what `mascope power` simulated, where it was kept with the results."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from mascope.errors import InvalidInput
from mascope.stats.power import ENOUGH
from mascope.tables.analysis import Analysis
from mascope.tables.table import Column, Table

COLUMNS = (
    Column("hypothesis", "Its id in the study file."),
    Column("measure", "What is compared: one number a run."),
    Column("series_a", "First series."),
    Column("series_b", "Second series."),
    Column("runs", "Runs of each series."),
    Column("power", "Share of made-up studies of that size that support the hypothesis.", 3, kind="share"),
    Column("error", "Its Monte-Carlo standard error.", 3, detail=True),
    Column("low", "Power less two such errors, at least 0.", 3, kind="share", detail=True),
    Column("high", "Power and two such errors, at most 1.", 3, kind="share", detail=True),
    Column("enough", "The power that a study should have (Cohen 1988).", 2, detail=True),
    Column(
        "needed", "Fewest runs per series that have it; empty where none that was tried does.", kind="count"
    ),
    Column("simulations", "Made-up studies."),
)
TITLE = "Power by runs per series"
ABSENT = "Not simulated: `mascope power STUDY.yaml --keep RESULTS` does, and keeps it here."
ERRORS = 2
"""Monte-Carlo errors on either side of a point."""


def power_table(analysis: Analysis) -> Table:
    """One row a hypothesis and number of runs."""
    if not analysis.power:
        return Table("power", TITLE, COLUMNS, pd.DataFrame(columns=[c.name for c in COLUMNS]), (ABSENT,))
    return table_of(analysis.power)


def table_of(found: Mapping[str, Any]) -> Table:
    """The table of what `mascope power --json` prints. `InvalidInput` where it is something else."""
    try:
        frame = pd.DataFrame(list(_rows(found)), columns=[column.name for column in COLUMNS])
        notes = (f"Made up from {found['source']}.", *map(str, found["notes"]))
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput(f"power.json is not what `mascope power --json` prints: {error!r}") from error
    return Table("power", TITLE, COLUMNS, frame.astype({"needed": "float64"}), notes)


def _rows(found: Mapping[str, Any]) -> Iterator[dict[str, object]]:
    for hypothesis in found["hypotheses"]:
        first, second = hypothesis["compare"]
        for point in hypothesis["curve"]:
            power, error = float(point["power"]), float(point["error"])
            yield {
                "hypothesis": hypothesis["hypothesis"], "measure": hypothesis["measure"],
                "series_a": first, "series_b": second, "runs": int(point["runs"]), "power": power,
                "error": error, "low": max(0.0, power - ERRORS * error),
                "high": min(1.0, power + ERRORS * error), "enough": ENOUGH,
                "needed": hypothesis["needed"], "simulations": int(found["simulations"]),
            }  # fmt: skip
