"""The whole line on a small rehearsed study, by the commands that a user gives."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

STUDY = """\
study: tea
panel: panel.yaml
brief: Choose a tea.
models:
  ann: {model: rehearsal/leader, label: Ann 1B}
  bob: {model: rehearsal/architect, label: Bob 7B}
  cy: {model: rehearsal/follower, label: Cy 3B}
base: {participants: [ann, bob, cy], runs: 6, rounds: 5}
series:
  mixed: {}
  clones: {participants: {clones_of: ann, count: 3}}
hypotheses:
  - {id: composition, measure: similarity, compare: [mixed, clones], direction: less}
"""

PANEL = """\
panel: rehearsed
codebook: CODEBOOK
coders:
  a: {model: rehearsal/judge, parameters: {sensitivity: 0.95, specificity: 0.98, seed: 1}}
  b: {model: rehearsal/judge, parameters: {sensitivity: 0.95, specificity: 0.98, seed: 2}}
"""

CODEBOOK = Path(__file__).resolve().parents[2] / "judges" / "behaviour.yaml"


def mascope(
    *arguments: str | Path, expect: int = 0, cwd: Path | None = None
) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "mascope", *map(str, arguments)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, cwd=cwd,
        env={**os.environ, "NO_COLOR": "1"},
    )  # fmt: skip
    assert done.returncode == expect, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study that went through run, judge and report."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "tea.yaml").write_text(STUDY)
    (folder / "panel.yaml").write_text(PANEL.replace("CODEBOOK", str(CODEBOOK)))
    mascope("run", "tea.yaml", cwd=folder)
    mascope("judge", cwd=folder)
    mascope("report", cwd=folder)
    return folder


def table(project: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(project / "results" / "tea" / "tables" / f"{name}.csv")


def test_the_newest_results_are_taken_where_none_are_named(project: Path) -> None:
    assert "tea" in mascope("status", cwd=project).stdout


def test_every_message_is_coded_by_every_coder(project: Path) -> None:
    agreement = table(project, "agreement")

    assert list(agreement["flag"])[-1] == "mean"
    assert set(agreement[agreement["flag"] != "mean"]["n"]) == {2 * 6 * 5 * 3}


def test_agents_that_were_made_to_differ_do_and_clones_do_not(project: Path) -> None:
    found = table(project, "differentiation")

    lead = found[found["flag"] == "LEAD"].set_index("series")["p_adjusted"].to_dict()
    assert lead["mixed"] < 0.05 < lead["clones"]


def test_a_declared_hypothesis_is_answered(project: Path) -> None:
    row = table(project, "contrasts").to_dict("records")[0]

    assert row["hypothesis"] == "composition"
    assert row["mean_a"] < row["mean_b"]
    assert row["p"] < 0.05


def test_simulated_is_said_wherever_a_result_is(project: Path) -> None:
    results = project / "results" / "tea"

    assert "SIMULATED" in mascope("report", "--only", "series", cwd=project).stdout
    assert "SIMULATED" in (results / "report" / "report.md").read_text()
    assert "SIMULATED" in mascope("status", cwd=project).stderr
    assert table(project, "series")["simulated"].all()
    assert all("SIMULATED" in file.read_text() for file in (results / "report" / "tables").glob("*.tex"))


def test_judging_again_codes_nothing_twice(project: Path) -> None:
    assert "0 coded now, 180 before of 180 messages" in mascope("judge", cwd=project).stderr


def test_codes_of_another_panel_are_not_mixed_in_silence(project: Path) -> None:
    panel = project / "other.yaml"
    panel.write_text(PANEL.replace("CODEBOOK", str(CODEBOOK)) + "context: 0\n")

    failed = mascope("judge", "--panel", "other.yaml", cwd=project, expect=2)

    assert "--recode" in failed.stderr


def test_labels_can_be_chosen(project: Path) -> None:
    union = json.loads(
        mascope("report", "--labels", "union", "--only", "profiles", "--json", cwd=project).stdout
    )
    one = json.loads(mascope("report", "--labels", "a", "--only", "profiles", "--json", cwd=project).stdout)

    assert {row["labels"] for row in union["tables"][0]["rows"]} == {"union"}
    assert {row["labels"] for row in one["tables"][0]["rows"]} == {"a"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["report", "--labels", "unon"], "did you mean 'union'?"),
        (["report", "--only", "serise"], "did you mean 'series'?"),
        (["report", "--coders", "a,z"], "no codes by 'z'"),
        (["report", "nowhere"], "is this a results directory"),
        (["judge", "--panel", "nowhere.yaml"], "no such file"),
        (["run", "nowhere.yaml"], "no such file"),
    ],
)
def test_a_wrong_option_is_one_clear_error(project: Path, arguments: list[str], said: str) -> None:
    failed = mascope(*arguments, cwd=project, expect=2)

    assert said in failed.stderr
    assert "Traceback" not in failed.stderr


def test_results_go_to_standard_output_and_nothing_else_does(project: Path) -> None:
    done = mascope("plan", "tea.yaml", "--json", cwd=project)

    plan = json.loads(done.stdout)
    assert plan["calls"] == 2 * 6 * 5 * 3 + 2 * 180
    assert [run["run"] for run in plan["runs"]][:2] == ["mixed-run01", "mixed-run02"]


def test_piped_output_has_no_colour_and_fits_80_columns(project: Path) -> None:
    text = mascope("report", cwd=project).stdout

    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 80


def test_help_is_given_for_every_command() -> None:
    for command in ("plan", "run", "judge", "report", "status", "models", "import"):
        assert "Usage" in mascope(command, "--help").stdout


def test_a_script_can_follow_a_run_line_by_line(project: Path, tmp_path: Path) -> None:
    done = mascope("run", "tea.yaml", "--out", tmp_path / "out", "--runs", "2", "--json", cwd=project)

    lines = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert [line["runs_ended"] for line in lines] == [1, 2, 3, 4]
    assert (lines[-1]["runs_left"], lines[-1]["turns"], lines[-1]["rounds"]) == (0, 4 * 15, 4 * 5)
    assert json.loads(done.stdout)["counts"] == {"done": 4}
