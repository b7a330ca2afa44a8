"""Effects of known size, rehearsed, judged and reported, come back inside the intervals of the report."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mascope.chat.rehearsal import true_rates
from mascope.pipeline import reporting
from mascope.report import Report
from mascope.store.layout import Results
from mascope.study import Study, load_study

CODEBOOK = Path(__file__).resolve().parents[2] / "judges" / "behaviour.yaml"
AGENTS = ("ann", "bob", "cy", "di")
TRAITS = ("PHATIC", "META", "LEAD", "ARCH", "AGREE")
STUDY = """\
study: known
panel: panel.yaml
brief: Choose a tea.
seed: 3
models:
  ann: {model: rehearsal/leader}
  bob: {model: rehearsal/architect}
  cy: {model: rehearsal/follower}
  di: {model: rehearsal/chatty}
base: {participants: [ann, bob, cy, di], runs: 24, rounds: 8}
series:
  mixed: {}
  leaders: {participants: {clones_of: ann, count: 4}}
  chatty: {participants: {clones_of: di, count: 4}}
  failing: {faults: [{agent: di, round: 3, kind: crash, peers_see: notice}]}
hypotheses:
"""
PANEL = """\
panel: exact
codebook: CODEBOOK
coders:
  exact: {model: rehearsal/judge, parameters: {sensitivity: 1.0, specificity: 1.0}}
"""


def asked() -> Iterator[str]:
    for flag in TRAITS:
        yield f"  - {{id: chatty-{flag}, measure: {flag}, compare: [leaders, chatty]}}"
        yield f"  - {{id: mixed-{flag}, measure: {flag}, compare: [leaders, mixed]}}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("known")
    (folder / "known.yaml").write_text(STUDY + "\n".join(asked()))
    (folder / "panel.yaml").write_text(PANEL.replace("CODEBOOK", str(CODEBOOK)))
    for command in (["run", "known.yaml"], ["judge", "results/known"]):
        done = subprocess.run(
            [sys.executable, "-m", "mascope", *command],
            cwd=folder, capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def study(folder: Path) -> Study:
    return load_study(folder / "known.yaml")


@pytest.fixture(scope="module")
def found(folder: Path) -> Report:
    wanted = ("profiles", "contrasts", "compensation")
    return reporting.report(Results(folder / "results" / "known"), reporting.Options(only=wanted))


def frame(found: Report, name: str) -> pd.DataFrame:
    return next(table.frame for table in found.tables if table.name == name)


def rate(study: Study, agent: str, flag: str, *, failed: bool = False) -> float:
    return true_rates(study.models[agent], failed=failed)[flag]


def test_true_rates_lie_in_the_intervals_of_the_profiles(study: Study, found: Report) -> None:
    profiles = frame(found, "profiles")
    own = profiles[(profiles["series"] == "mixed") & profiles["flag"].isin(TRAITS)]

    true = [rate(study, agent, flag) for agent, flag in zip(own["agent"], own["flag"], strict=True)]
    held = (own["low"] <= true) & (true <= own["high"])

    # Of 20 intervals at 95%, fewer than 16 would hold the truth in 3 of 1,000 such studies.
    assert len(held) == len(AGENTS) * len(TRAITS)
    assert held.sum() >= 16


def test_true_differences_of_series_lie_in_their_intervals(study: Study, found: Report) -> None:
    contrasts = frame(found, "contrasts")
    mean = {
        "chatty": {flag: rate(study, "di", flag) for flag in TRAITS},
        "mixed": {flag: sum(rate(study, agent, flag) for agent in AGENTS) / len(AGENTS) for flag in TRAITS},
    }

    of_b = [mean[b][flag] for b, flag in zip(contrasts["series_b"], contrasts["measure"], strict=True)]
    true = np.array([rate(study, "ann", flag) for flag in contrasts["measure"]]) - of_b
    held = (contrasts["difference_low"] <= true) & (true <= contrasts["difference_high"])

    # Of 10 intervals at 95%, fewer than 8 would hold the truth in 1 of 100 such studies.
    assert len(held) == 2 * len(TRAITS)
    assert held.sum() >= 8
    assert (contrasts["p_adjusted"][np.abs(true) > 0.15] < 0.01).all()


def test_the_true_change_after_a_failure_lies_in_its_interval(study: Study, found: Report) -> None:
    row = frame(found, "compensation").set_index("series").loc["failing"]
    told = [rate(study, agent, "COMP", failed=True) for agent in AGENTS[:3]]

    # Nobody refers to a failure that has not happened: what comes after it is all change.
    assert row["did_low"] <= sum(told) / len(told) <= row["did_high"]
    assert row["per_exposed_low"] <= sum(told) / len(told) <= row["per_exposed_high"]
    assert row["did_p"] < 0.01
