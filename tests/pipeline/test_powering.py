"""Power from rehearsed rates and from a pilot; the made-up runs are held against discussions really held."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mascope.errors import InvalidInput
from mascope.pipeline import reporting
from mascope.pipeline.power import Options, Powered, as_json, power_of
from mascope.pipeline.rehearsing import Drawing, panel_for, rehearsed_runs
from mascope.stats.comparisons import Comparison
from mascope.store.layout import Results
from mascope.study import load_study
from mascope.tables.hypotheses import measured

STUDY = """\
study: tea
panel: panel.yaml
brief: Choose a tea.
models:
  ann: {model: rehearsal/leader}
  bob: {model: rehearsal/architect}
  cy: {model: rehearsal/follower}
  di: {model: rehearsal/chatty}
base:
  participants: [ann, bob, cy, di]
  runs: 24
  rounds: 5
  faults: [{agent: di, round: 2, kind: crash, peers_see: notice}]
series:
  mixed: {}
  clones: {participants: {clones_of: ann, count: 4}}
  alone: {rounds: 1, schedule: {interaction: isolation}, scaffold: {peers: false}}
  unlisted: {scaffold: {peers: false}, schedule: {visibility: sequential}}
hypotheses:
  - {id: composition, measure: similarity, compare: [mixed, clones], direction: less}
  - {id: nothing, measure: META, compare: [mixed, mixed2]}
"""
SERIES = ("mixed", "clones", "alone", "unlisted")
PANEL = """\
panel: rehearsed
codebook: CODEBOOK
coders:
  a: {model: rehearsal/judge, parameters: {sensitivity: 0.9, specificity: 0.95, seed: 1}}
  b: {model: rehearsal/judge, parameters: {sensitivity: 0.8, specificity: 0.98, seed: 2}}
"""
CODEBOOK = Path(__file__).resolve().parents[2] / "judges" / "behaviour.yaml"


def mascope(*arguments: str | Path, cwd: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "mascope", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, cwd=cwd)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("power")
    study = STUDY.replace("series:\n", "series:\n  mixed2: {}\n")
    (folder / "tea.yaml").write_text(study)
    (folder / "panel.yaml").write_text(PANEL.replace("CODEBOOK", str(CODEBOOK)))
    return folder


@pytest.fixture(scope="module")
def held(project: Path) -> Results:
    """The study, run and judged."""
    for command in (["run", "tea.yaml"], ["judge"]):
        done = mascope(*command, cwd=project)
        assert done.returncode == 0, done.stderr
    return Results(project / "results" / "tea")


def found(project: Path, **options: object) -> Powered:
    return power_of(project / "tea.yaml", Options(sizes=(4, 8), simulations=300, **options))  # type: ignore[arg-type]


def test_an_effect_is_found_and_none_is_not(project: Path) -> None:
    effect, none = found(project).curves

    assert effect.points[-1].power > 0.9
    assert none.points[-1].power < 0.1
    assert none.needed is None


def test_the_same_study_always_has_the_same_power(project: Path) -> None:
    assert as_json(found(project)) == as_json(found(project))


@pytest.mark.parametrize("labels", ["intersection", "union", "a"])
def test_made_up_runs_are_like_those_that_are_held_and_judged(
    project: Path, held: Results, labels: str
) -> None:
    analysis = reporting.analyse(held, reporting.Options(labels, panel=project / "panel.yaml"))
    real = measured(analysis, analysis.labelled).set_index("series")
    study = load_study(project / "tea.yaml")
    measures = ("similarity", "any_trait", "messages", *analysis.flags)
    questions = [Comparison(f"{name} {m}", m, name, name) for name in SERIES for m in measures]
    drawing = Drawing(np.random.default_rng(1), (100, 24), lambda step: None)

    made, _ = rehearsed_runs(study, panel_for(study, None), labels, questions, drawing)

    for series in SERIES:
        for measure in measures:
            values = real.loc[series][measure].to_numpy(dtype=float)
            values, drawn = values[~np.isnan(values)], made[f"{series} {measure}"][0]
            error = np.nanstd(drawn) / np.sqrt(len(values))
            # 36 comparisons of a mean with its expectation: 4 standard errors are never reached by chance.
            assert abs(values.mean() - np.nanmean(drawn)) <= 4 * error + 1e-9, (series, measure)


def test_a_pilot_gives_the_power_of_its_own_runs(project: Path, held: Results) -> None:
    effect, none = found(project, pilot=held.root, panel=project / "panel.yaml").curves

    assert effect.points[-1].power > 0.9
    assert none.points[-1].power < 0.5


def test_results_are_printed_or_json(project: Path) -> None:
    arguments = ("power", "tea.yaml", "--runs", "4,8", "--simulations", "200")
    shown, data = mascope(*arguments, cwd=project), mascope(*arguments, "--json", cwd=project)

    assert "SIMULATED" in shown.stderr
    assert "Recommended: " in shown.stdout
    assert "Not enough even with 8 runs per series, if the effects are these: nothing." in shown.stdout
    hypotheses = json.loads(data.stdout)["hypotheses"]
    assert [point["runs"] for point in hypotheses[0]["curve"]] == [4, 8]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--runs", "1,5"], "--runs: numbers from 2 to 500"),
        (["--runs", "five"], "--runs: numbers from 2 to 500"),
        (["--labels", "unon"], "did you mean 'union'?"),
        (["--panel", "nowhere.yaml"], "no such panel file"),
        (["--pilot", "nowhere"], "is this a results directory"),
    ],
)
def test_a_wrong_option_is_one_clear_error(project: Path, arguments: list[str], said: str) -> None:
    failed = mascope("power", "tea.yaml", *arguments, cwd=project)

    assert failed.returncode == 2
    assert said in failed.stderr
    assert "Traceback" not in failed.stderr


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("rehearsal/leader", "groq/llama", "is no rehearsed model"),
        ("measure: META", "measure: MET", "no measure 'MET'"),
        ("compare: [mixed, mixed2]", "compare: [mixed, mixed-fork2-control]", "forks"),
    ],
)
def test_what_cannot_be_made_up_is_said(project: Path, old: str, new: str, said: str) -> None:
    file = project / "changed.yaml"
    file.write_text((project / "tea.yaml").read_text().replace(old, new))

    with pytest.raises(InvalidInput, match=said):
        power_of(file, Options(sizes=(4,), simulations=100))


def matched(project: Path) -> Path:
    """The study, with a hypothesis whose runs are matched by their number."""
    file, pairs = project / "matched.yaml", "compare: [mixed, clones], matched_by: replicate"
    file.write_text((project / "tea.yaml").read_text().replace("compare: [mixed, clones]", pairs))
    return file


def test_matched_runs_that_are_rehearsed_win_nothing_and_that_is_said(project: Path) -> None:
    powered = power_of(matched(project), Options(sizes=(4, 8), simulations=300))

    assert powered.curves[0].points[-1].power > 0.9
    assert "composition: runs are matched" in powered.notes[0]
    assert "independent" in powered.notes[0]


def test_the_pairs_of_a_pilot_are_drawn_as_pairs(project: Path, held: Results) -> None:
    options = Options(sizes=(4, 8), simulations=300, pilot=held.root, panel=project / "panel.yaml")
    powered = power_of(matched(project), options)

    assert "24 pairs of mixed and clones by replicate" in powered.source
    assert powered.curves[0].points[-1].power > 0.7


def test_a_study_without_hypotheses_has_no_power(project: Path) -> None:
    file = project / "bare.yaml"
    file.write_text((project / "tea.yaml").read_text().partition("hypotheses:")[0])

    with pytest.raises(InvalidInput, match="declares no `hypotheses:`"):
        power_of(file, Options())


def test_hypotheses_are_kept_as_they_were_before_the_first_run(project: Path, held: Results) -> None:
    before = held.study()["mascope"]["hypotheses"]
    file = project / "tea.yaml"
    original = file.read_text()
    file.write_text(original.replace("direction: less", "direction: greater"))
    try:
        assert mascope("run", "tea.yaml", cwd=project).returncode == 0
        stored = held.study()
        assert stored["hypotheses"][0]["direction"] == "greater"
        assert stored["mascope"]["hypotheses"] == before
        table = mascope("report", "--only", "contrasts", "--json", cwd=project)
        rows = json.loads(table.stdout)["tables"][0]["rows"]
        assert [row["status"] for row in rows] == ["exploratory", "declared"]
    finally:
        file.write_text(original)
        mascope("run", "tea.yaml", cwd=project)
