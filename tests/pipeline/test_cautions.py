"""What the plan warns of, and what it says nothing about."""

import json
from pathlib import Path

import pytest

from mascope.errors import InvalidInput
from mascope.pipeline.planning import as_json, plan_study

STUDY = """\
study: tea
brief: Choose a tea.
models:
  ann: {{model: rehearsal/plain}}
  bob: {{model: rehearsal/plain{bob}}}
base: {{participants: [ann, bob], rounds: 2}}
series: {{X: {{{own}}}}}
"""


def cautions(folder: Path, own: str, bob: str = "") -> tuple[str, ...]:
    file = folder / "study.yaml"
    file.write_text(STUDY.format(own=own, bob=bob))
    return plan_study(file).cautions


def test_a_usual_study_needs_no_caution(tmp_path: Path) -> None:
    assert cautions(tmp_path, "runs: 3, schedule: {order: shuffled}") == ()


@pytest.mark.parametrize(("runs", "either"), [(3, "2 or 4"), (1, "2")])
def test_runs_over_which_a_latin_square_is_not_balanced_are_told(
    tmp_path: Path, runs: int, either: str
) -> None:
    (said,) = cautions(tmp_path, f"runs: {runs}, schedule: {{order: latin}}")

    balanced = "X: a Latin square of 2 seats is balanced over multiples of 2 runs"
    assert said == f"{balanced}; {runs} are not ({either} would be)"


def test_a_whole_number_of_latin_squares_is_balanced(tmp_path: Path) -> None:
    assert cautions(tmp_path, "runs: 6, schedule: {order: latin}") == ()


def test_it_is_told_that_the_alone_are_told_of_nobody(tmp_path: Path) -> None:
    (said,) = cautions(tmp_path, "schedule: {interaction: solo}")

    assert said == "X: each agent is alone, so that its system prompt does not speak of others"


def test_a_study_that_speaks_of_others_to_the_alone_is_told_so(tmp_path: Path) -> None:
    probe = "probes: [{id: led, ask: Who led, kind: agent}]"
    own = f"schedule: {{interaction: solo}}, scaffold: {{peers: true, statuses: true}}, {probe}"

    told, asked = cautions(tmp_path, own)

    assert "the study's `scaffold.peers` and `scaffold.statuses` tell it of others" in told
    assert "the probe 'led' asks it about the others" in asked


def test_what_is_missing_or_wrong_names_the_line_of_the_model(tmp_path: Path) -> None:
    file = tmp_path / "study.yaml"
    local = STUDY.replace("rehearsal/plain{bob}", "local/no-such-model").replace("{{", "{").replace("}}", "}")
    file.write_text(local.replace("{own}", ""))

    (missing,) = plan_study(file).missing

    assert missing.startswith(f"model bob ({file}:5): ")


def test_a_mistyped_route_names_the_line_of_the_model(tmp_path: Path) -> None:
    file = tmp_path / "study.yaml"
    file.write_text(STUDY.format(own="", bob="").replace("bob: {model: rehearsal", "bob: {model: opnai"))

    with pytest.raises(InvalidInput, match=rf"model bob \({file}:5\): no route 'opnai'"):
        plan_study(file)


def test_the_plan_as_json_holds_the_cautions(tmp_path: Path) -> None:
    file = tmp_path / "study.yaml"
    file.write_text(STUDY.format(own="runs: 3, schedule: {order: latin}", bob=", context: 100"))
    plain = json.loads(json.dumps(as_json(plan_study(file))))

    assert plain["limits"] == {"ann": None, "bob": 100}
    assert len(plain["cautions"]) == 2
