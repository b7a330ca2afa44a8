"""Does the whole line hold the truth? Rehearsed discussions and judges of known accuracy, many times.

    python bench/coders.py [--studies 500] [--seed 11] [--jobs 2]

Each study is held, judged by two rehearsed judges, annotated by a human who knows the truth (a sample drawn
and recorded as `mascope annotate` does it), and reported, all through the files that the commands write.
Printed is the share of studies in which the 95% interval of each estimate held the true value (wanted: .93 to
.97), with its Monte-Carlo error. The naive rate is there to show what is corrected.
"""

import argparse
import asyncio
import math
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import yaml

from mascope.chat.rehearsed_agent import truth
from mascope.discussion import engine
from mascope.judging.recording import Again
from mascope.judging.setting import Unobserved
from mascope.pipeline import annotating, judging, reporting, running
from mascope.stats import confusion
from mascope.store.layout import Results
from mascope.tables import Table

RATES: Mapping[str, Mapping[str, float]] = {
    "often": {"LEAD": 0.30, "ARCH": 0.45},
    "seldom": {"LEAD": 0.12, "ARCH": 0.20},
}
"""Series (all its agents are alike) → flag → true rate."""
ERRORS: Mapping[str, tuple[float, float]] = {"one": (0.85, 0.95), "two": (0.75, 0.90)}
"""Judge → sensitivity and specificity for every flag."""
RUNS, AGENTS, ROUNDS = 14, 3, 6
SAMPLE = 160
RESAMPLES = 1000


def study_file(seed: int) -> str:
    quiet = dict.fromkeys(("PHATIC", "META", "AGREE", "COMP"), 0.0)
    models = {
        series: {"model": "rehearsal/plain", "parameters": {"rates": quiet | dict(rates), "seed": seed}}
        for series, rates in RATES.items()
    }
    series = {name: {"participants": {"clones_of": name, "count": AGENTS}} for name in RATES}
    base = {"runs": RUNS, "rounds": ROUNDS}
    return yaml.safe_dump(
        {
            "study": "coders",
            "seed": seed,
            "brief": "Plan it.",
            "models": models,
            "base": base,
            "series": series,
        }
    )


def panel_file(seed: int) -> str:
    coders = {
        name: {
            "model": "rehearsal/judge",
            "parameters": {"sensitivity": found, "specificity": left, "seed": seed},
        }
        for name, (found, left) in ERRORS.items()
    }
    flags = {flag: {"definition": f"Shows {flag}."} for flag in RATES["often"]}
    return yaml.safe_dump({"panel": "coders", "flags": flags, "coders": coders, "context": 0})


def study(seed: int) -> dict[str, bool | None]:
    """Whether each interval of one whole study held the truth; None where there was no interval."""
    with tempfile.TemporaryDirectory() as folder:
        file, panel = Path(folder) / "study.yaml", Path(folder) / "panel.yaml"
        file.write_text(study_file(seed))
        panel.write_text(panel_file(seed))
        results = Results(Path(folder) / "results")
        asyncio.run(running.hold(running.prepare(file, results.root, running.Options()), engine.Unobserved()))
        asyncio.run(judging.code(judging.prepare(results, panel, None, None, Again()), Unobserved()))
        annotate(results, panel)
        options = reporting.Options(
            panel=panel, resamples=RESAMPLES, only=("agreement", "accuracy", "corrected")
        )
        return checks({table.name: table for table in reporting.report(results, options).tables})


def annotate(results: Results, panel: Path) -> None:
    """As somebody would who presses the right keys."""
    with annotating.opened(results, annotating.Options("human", SAMPLE, panel=panel)) as work:
        session = work.session
        while not session.ended:
            true = truth(session.task.unit.message.text).flags
            for flag in session.codebook.names:
                if true[flag]:
                    session.toggle(flag)
            session.next()


def checks(tables: Mapping[str, Table]) -> dict[str, bool | None]:
    held: dict[str, bool | None] = {}
    for row in rows(tables["agreement"]):
        if {row["coder_a"], row["coder_b"]} == set(ERRORS) and row["flag"] != "mean":
            true = true_kappa(str(row["flag"]), ERRORS["one"], ERRORS["two"])
            held[f"kappa {row['flag']} one–two"] = holds(row, "kappa", true)
            held[f"kappa by runs {row['flag']} one–two"] = holds(row, "kappa_run", true)
    for row in rows(tables["accuracy"]):
        if row["labels"] in ERRORS:
            name, errors = f"{row['flag']} {row['labels']}", ERRORS[str(row["labels"])]
            held[f"kappa {name}–human"] = holds(
                row, "kappa", true_kappa(str(row["flag"]), errors, (1.0, 1.0))
            )
            held[f"sensitivity {name}"] = holds(row, "sensitivity", errors[0])
            held[f"specificity {name}"] = holds(row, "specificity", errors[1])
    for row in rows(tables["corrected"]):
        true = RATES[str(row["series"])][str(row["flag"])]
        for method in ("naive", "rogan_gladen", "prediction_powered"):
            name = f"{method} {row['flag']} {row['labels']} in {row['series']}"
            held[name] = holds(row, method, true)
    return held


def rows(table: Table) -> list[Mapping[str, Any]]:
    return [dict(zip(table.frame.columns, row, strict=True)) for row in table.frame.itertuples(index=False)]


def holds(row: Mapping[str, Any], name: str, true: float) -> bool | None:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return None
    return bool(low <= true <= high)


def true_kappa(flag: str, a: tuple[float, float], b: tuple[float, float]) -> float:
    """Of two coders with these sensitivities and specificities who err independently, over all series."""
    rate = sum(rates[flag] for rates in RATES.values()) / len(RATES)
    yes_a, yes_b = (rate, 1 - rate), (a[0], 1 - a[1])
    cells = [0.0, 0.0, 0.0, 0.0]
    for share, first, second in zip(yes_a, yes_b, (b[0], 1 - b[1]), strict=True):
        both = (first * second, first * (1 - second), (1 - first) * second, (1 - first) * (1 - second))
        cells = [cell + share * part for cell, part in zip(cells, both, strict=True)]
    return float(confusion.kappa(confusion.as_counts(confusion.Confusion(*cells))))  # type: ignore[arg-type]


def simulate(studies: int, seed: int, jobs: int) -> Iterator[tuple[str, int, int]]:
    """Name of an estimate, in how many studies its interval held the truth, and in how many it had one."""
    held: Counter[str] = Counter()
    had: Counter[str] = Counter()
    with ProcessPoolExecutor(jobs) as pool:
        for checked in pool.map(study, range(seed * 1_000_000, seed * 1_000_000 + studies)):
            held.update(name for name, yes in checked.items() if yes)
            had.update(name for name, yes in checked.items() if yes is not None)
    return ((name, held[name], had[name]) for name in had)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--studies", type=int, default=500)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    for name, held, had in simulate(given.studies, given.seed, given.jobs):
        share = held / had
        error = math.sqrt(share * (1 - share) / had)
        sys.stdout.write(f"{name:48} {share:.3f} ± {error:.3f} of {had}\n")


if __name__ == "__main__":
    main()
