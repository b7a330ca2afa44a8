from pathlib import Path

import pytest
import yaml

from mascope.errors import InvalidFile
from mascope.study import load_study, stamped
from mascope.yamlfile import dump

STUDY = """\
study: tea
brief: Choose a tea.
models:
  ann: {model: rehearsal/plain}
  bob: {model: rehearsal/leader, label: Bob 7B}
base:
  participants: [ann, bob]
  runs: 2
  rounds: 3
series:
  A: {}
  B:
    names: {peers: real}
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "study.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def problem(folder: Path, text: str) -> str:
    with pytest.raises(InvalidFile) as caught:
        load_study(write(folder, text))
    return str(caught.value)


def test_a_series_is_the_base_with_its_patch_laid_over(tmp_path: Path) -> None:
    study = load_study(write(tmp_path, STUDY))

    assert study.series["A"].names.peers == "neutral"
    assert study.series["B"].names.peers == "real"
    assert study.series["B"].names.own == "neutral"
    assert study.series["B"].rounds == 3


def test_copies_of_a_model_are_numbered_and_single_seats_are_not(tmp_path: Path) -> None:
    text = STUDY.replace("[ann, bob]", "[ann, bob, {clones_of: ann, count: 2, persona: You are shy.}]")

    participants = load_study(write(tmp_path, text)).series["A"].participants

    assert [p.id for p in participants] == ["ann-1", "bob", "ann-2", "ann-3"]
    assert [p.persona for p in participants] == [None, None, "You are shy.", "You are shy."]


def test_a_mapping_of_clones_alone_is_a_list_of_participants(tmp_path: Path) -> None:
    text = STUDY.replace("[ann, bob]", "{clones_of: bob, count: 3}")

    assert [p.id for p in load_study(write(tmp_path, text)).series["A"].participants] == [
        "bob-1",
        "bob-2",
        "bob-3",
    ]


def test_a_participant_can_have_its_own_sampling(tmp_path: Path) -> None:
    text = STUDY.replace("[ann, bob]", "[ann, {model: bob, sampling: {temperature: 0.1}}]").replace(
        "  runs: 2", "  sampling: {temperature: 0.9, max_tokens: 77}"
    )

    ann, bob = load_study(write(tmp_path, text)).series["A"].participants

    assert (ann.sampling.temperature, bob.sampling.temperature) == (0.9, 0.1)
    assert bob.sampling.max_tokens == 77


def test_factors_are_crossed_into_series(tmp_path: Path) -> None:
    factors = """\
factors:
  who: {mixed: {}, clones: {participants: {clones_of: ann, count: 2}}}
  called: {neutral: {}, real: {names: {own: real, peers: real}}}
"""
    study = load_study(write(tmp_path, STUDY.partition("series:")[0] + factors))

    assert list(study.series) == ["mixed-neutral", "mixed-real", "clones-neutral", "clones-real"]
    assert study.series["clones-real"].names.own == "real"
    assert [p.id for p in study.series["clones-real"].participants] == ["ann-1", "ann-2"]


def test_a_mistake_in_a_key_that_two_factors_set_stands_where_it_holds(tmp_path: Path) -> None:
    factors = """\
factors:
  first: {few: {participants: [ann, bob]}}
  second: {others: {participants: [ann, nobody]}}
"""
    text = problem(tmp_path, STUDY.partition("series:")[0] + factors)

    assert "factors.second.others.participants" in text


def test_a_resolved_study_loads_as_the_same_study(tmp_path: Path) -> None:
    study = load_study(write(tmp_path, STUDY))
    again = tmp_path / "results" / "study.yaml"
    again.parent.mkdir()
    again.write_text(dump(stamped(study, again.parent)), encoding="utf-8")

    resolved = load_study(again)

    assert resolved.digest == study.digest
    assert resolved.series["B"].digest == study.series["B"].digest
    assert yaml.safe_load(again.read_text())["mascope"]["digest"] == study.digest


def test_more_runs_do_not_make_a_condition_another_one(tmp_path: Path) -> None:
    few = load_study(write(tmp_path, STUDY)).series["A"]
    many = load_study(write(tmp_path, STUDY.replace("runs: 2", "runs: 20"))).series["A"]

    assert few.digest == many.digest


@pytest.mark.parametrize(
    "change",
    [
        ("Choose a tea.", "Choose a cup."),
        ("rounds: 3", "rounds: 4"),
        ("rehearsal/leader", "rehearsal/critic"),
        ("runs: 2", "scaffold: {rules: true}"),
    ],
)
def test_any_other_change_makes_a_condition_another_one(tmp_path: Path, change: tuple[str, str]) -> None:
    before = load_study(write(tmp_path, STUDY)).series["A"].digest
    after = load_study(write(tmp_path, STUDY.replace(*change))).series["A"].digest

    assert before != after


def test_a_fault_holds_only_where_its_agent_is_seated(tmp_path: Path) -> None:
    text = STUDY.replace("  runs: 2", "  faults: [{agent: bob, round: 0}]") + (
        "  C: {participants: {clones_of: ann, count: 2}}\n"
    )

    assert load_study(write(tmp_path, text)).series["C"].faults[0].agent == "bob"


BAD = {
    "an unknown key, with the nearest right one": (
        ("rounds: 3", "ruonds: 3"),
        ("study.yaml:9:", "base.ruonds", "did you mean 'rounds'?"),
    ),
    "an unknown key in a series": (
        ("names: {peers: real}", "nmaes: {peers: real}"),
        ("study.yaml:13:", "series.B.nmaes", "did you mean 'names'?"),
    ),
    "a wrong type": (("runs: 2", "runs: many"), ("study.yaml:8:", "base.runs", "must be a whole number")),
    "an undeclared model": (
        ("[ann, bob]", "[ann, bobb]"),
        ("study.yaml:7:", "participants.1", "no model 'bobb'", "did you mean 'bob'?"),
    ),
    "rounds 0": (("rounds: 3", "rounds: 0"), ("study.yaml:9:", "base.rounds", "must be at least 1")),
    "a study name with a slash": (
        ("study: tea", "study: a/b"),
        ("study.yaml:1:", "study", "'a/b'", "letters"),
    ),
    "a study name with dots": (("study: tea", "study: .."), ("study.yaml:1:", "study", "'..'")),
    "a series name with a bar": (("  B:", "  'B|C':"), ("study.yaml:12:", "series", "'B|C'")),
    "a duplicate name": (
        ("names: {peers: real}", "names: {peers: [Kim, Kim]}"),
        ("study.yaml:13:", "names.peers", "Kim"),
    ),
    "too few names": (("peers: real", "peers: [Kim]"), ("study.yaml:13:", "names.peers", "1 names for 2")),
    "an unknown naming scheme": (("peers: real", "peers: nato2"), ("names.peers", "nato2", "nato")),
    "an unknown placeholder": (
        ("names: {peers: real}", "scaffold: {peers: 'With {othres}.'}"),
        ("study.yaml:13:", "{othres}", "did you mean 'others'?"),
    ),
    "braces that do not match": (("names: {peers: real}", "scaffold: {rules: 'a {b'}"), ("scaffold", "'}'")),
    "an unknown placeholder of a notice": (
        ("  runs: 2", "  faults: [{agent: bob, round: 1, notice: '{who} left'}]"),
        ("study.yaml:8:", "faults.0.notice", "{who}", "name"),
    ),
    "a fault of nobody": (
        ("  runs: 2", "  faults: [{agent: bbo, round: 1}]"),
        ("study.yaml:8:", "faults.0.agent", "'bbo'", "did you mean 'bob'?"),
    ),
    "an unknown kind of fault": (
        ("  runs: 2", "  faults: [{agent: bob, round: 1, kind: crsh}]"),
        ("'crash'",),
    ),
    "a participant without model or lines": (
        ("[ann, bob]", "[ann, {persona: shy}]"),
        ("study.yaml:7:", "participants.1", "either `model` or `confederate`"),
    ),
    "a confederate without lines": (
        ("[ann, bob]", "[ann, {confederate: dora}]"),
        ("study.yaml:7:", "participants.1", "'dora' has no `lines`"),
    ),
    "a confederate called like a model": (
        ("[ann, bob]", "[ann, {confederate: bob, lines: [x]}]"),
        ("study.yaml:7:", "participants.1.confederate", "'bob' is a model"),
    ),
    "a line for a round that never comes": (
        ("[ann, bob]", "[ann, {model: bob, lines: {3: x}}]"),
        ("study.yaml:7:", "participants.1.lines", "round 3 never comes: there are 3"),
    ),
    "a line for no round": (("[ann, bob]", "[ann, {model: bob, lines: {first: x}}]"), ("lines.first",)),
    "a return from an absence that never ends": (
        ("  runs: 2", "  faults: [{agent: bob, round: 1, on_return: Back.}]"),
        ("study.yaml:8:", "faults.0", "needs an absence that ends"),
    ),
    "a probe of no kind": (
        ("  runs: 2", "  probes: [{id: p, ask: x, kind: vote}]"),
        ("study.yaml:8:", "probes.0.kind", "'choice'"),
    ),
    "a choice without options": (
        ("  runs: 2", "  probes: [{id: p, ask: x, kind: choice, options: [a, A]}]"),
        ("study.yaml:8:", "probes.0", "at least two, and no two alike"),
    ),
    "a scale that runs backwards": (
        ("  runs: 2", "  probes: [{id: p, ask: x, kind: scale, low: 9}]"),
        ("study.yaml:8:", "probes.0", "`low` must be below `high`"),
    ),
    "a probe at no moment": (
        ("  runs: 2", "  probes: [{id: p, ask: x, when: befor}]"),
        ("study.yaml:8:", "probes.0.when", "'before'"),
    ),
    "a probe after the end": (
        ("  runs: 2", "  probes: [{id: p, ask: x, when: [1, 3]}]"),
        ("study.yaml:8:", "probes.0.when", "round 3 never comes"),
    ),
    "two probes of one name": (
        ("  runs: 2", "  probes: [{id: p, ask: x}, {id: p, ask: y}]"),
        ("study.yaml:8:", "probes", "two probes are called 'p'"),
    ),
    "an unknown placeholder of a probe": (
        ("  runs: 2", "  probes: [{id: p, ask: x, kind: scale, instruct: 'up to {hihg}'}]"),
        ("study.yaml:8:", "probes.0", "{hihg}", "did you mean 'high'?"),
    ),
    "a layout that no provider knows": (
        ("model: rehearsal/plain", "model: rehearsal/plain, turns: mergd"),
        ("study.yaml:4:", "models.ann.turns", "'merged'"),
    ),
    "no participants": (("[ann, bob]", "[]"), ("study.yaml:7:", "participants", "at least one entry")),
    "no series": (("series:\n  A: {}\n  B:\n    names: {peers: real}\n", "series: {}\n"), ("no series",)),
    "a panel that is not there": (
        ("brief:", "panel: p.yaml\nbrief:"),
        ("study.yaml:2:", "panel", "no such file"),
    ),
    "a key given twice": (("rounds: 3", "rounds: 3\n  rounds: 4"), ("study.yaml:10:", "twice")),
    "a section that is no mapping": (("  A: {}", "  A: nothing"), ("study.yaml:11:", "series.A", "mapping")),
    "no brief": (("brief: Choose a tea.\n", ""), ("brief", "is missing")),
    "no model name": (
        ("model: rehearsal/plain", "model: plain"),
        ("study.yaml:4:", "models.ann.model", "must be route/name, such as groq/…"),
    ),
    "a key in the place of its variable's name": (
        ("model: rehearsal/plain", "model: openai/x, key_env: sk-secret"),
        ("study.yaml:4:", "models.ann.key_env", "must be the name of an environment variable"),
    ),
    "an address that is none": (
        ("model: rehearsal/plain", "model: openai/x, base_url: 'localhost:80'"),
        ("study.yaml:4:", "models.ann.base_url", "begins with http:// or https://"),
    ),
    "a nearly right word": (
        ("names: {peers: real}", "schedule: {visibility: sequental}"),
        ("study.yaml:13:", "schedule.visibility", "must be 'simultaneous',", "did you mean 'sequential'?"),
    ),
    "a temperature that is no number": (
        ("runs: 2", "sampling: {temperature: hot}"),
        ("base.sampling.temperature", "must be a number"),
    ),
    "a switch that is none": (
        ("names: {peers: real}", "hygiene: {own_name: maybe}"),
        ("must be true or false",),
    ),
    "copies that a series asks for in a misspelt word": (
        ("names: {peers: real}", "participants:\n      clone_of: ann\n      count: 2"),
        ("study.yaml:14: series.B.participants.0.clone_of", "did you mean 'clones_of'?"),
    ),
    "copies beside the model that they are of": (
        ("names: {peers: real}", "participants: {clones_of: ann, model: ann}"),
        ("study.yaml:13: series.B.participants.0.clones_of", "unknown key; known here:"),
    ),
    "a number of copies that is none": (
        ("names: {peers: real}", "participants:\n      clones_of: ann\n      count: three"),
        ("study.yaml:15: series.B.participants.0.count", "whole number"),
    ),
    "a list of a series that lacks what the list of the base has": (
        (
            "  runs: 2\n  rounds: 3\nseries:\n  A: {}\n  B:\n    names: {peers: real}\n",
            "  faults: [{agent: bob, round: 1}]\nseries:\n  A: {}\n  B: {faults: [{round: 1}]}\n",
        ),
        ("study.yaml:11: series.B.faults.0.agent", "is missing"),
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_study_gets_one_error_that_names_file_line_and_key(tmp_path: Path, case: str) -> None:
    change, said = BAD[case]
    assert change[0] in STUDY

    text = problem(tmp_path, STUDY.replace(*change))

    for part in said:
        assert part in text
    assert "\n" not in text


def test_a_hypothesis_about_no_series_is_an_error(tmp_path: Path) -> None:
    text = problem(tmp_path, STUDY + "hypotheses: [{id: h, compare: [A, D]}]\n")

    assert "hypotheses.0.compare" in text
    assert "'D'" in text


def test_a_fault_can_be_a_confederates(tmp_path: Path) -> None:
    text = STUDY.replace("[ann, bob]", "[ann, bob, {confederate: dora, lines: [x]}]").replace(
        "  runs: 2", "  faults: [{agent: dora, round: 1}]"
    )

    assert load_study(write(tmp_path, text)).series["A"].faults[0].agent == "dora"


def test_a_study_with_every_new_treatment_survives_being_written_down(tmp_path: Path) -> None:
    text = STUDY.replace("[ann, bob]", "[ann, {model: bob, lines: {1: x}}, {confederate: d, lines: [y, z]}]")
    text = text.replace("  runs: 2", "  probes: [{id: p, ask: Why?, when: [before, 1, each]}]").replace(
        "ask: Why?", "ask: 'Why?'"
    )
    study = load_study(write(tmp_path, text))
    again = tmp_path / "results" / "study.yaml"
    again.parent.mkdir()
    again.write_text(dump(stamped(study, again.parent)), encoding="utf-8")

    assert load_study(again).series["A"] == study.series["A"]


@pytest.mark.parametrize("turns", ["merged", "single"])
def test_a_models_layout_makes_a_condition_another_one(tmp_path: Path, turns: str) -> None:
    before = load_study(write(tmp_path, STUDY)).series["A"].digest
    text = STUDY.replace("model: rehearsal/plain", f"model: rehearsal/plain, turns: {turns}")

    assert load_study(write(tmp_path, text)).series["A"].digest != before


def test_factors_can_each_set_a_part_of_a_fault(tmp_path: Path) -> None:
    factors = """\
series: {never: {}}
factors:
  who: {ann: {faults: {it: {agent: ann}}}, bob: {faults: {it: {agent: bob}}}}
  when: {early: {faults: {it: {round: 0}}}, late: {faults: {it: {round: 2}}}}
"""
    study = load_study(write(tmp_path, STUDY.partition("series:")[0] + factors))

    found = {name: [(f.agent, f.round) for f in c.faults] for name, c in study.series.items()}
    assert found == {
        "never": [],
        "ann-early": [("ann", 0)],
        "ann-late": [("ann", 2)],
        "bob-early": [("bob", 0)],
        "bob-late": [("bob", 2)],
    }


def test_a_hypothesis_about_no_measure_is_an_error_before_anything_is_spent(tmp_path: Path) -> None:
    text = problem(tmp_path, STUDY + "hypotheses: [{id: h, measure: similarty, compare: [A, B]}]\n")

    assert "hypotheses.0.measure" in text
    assert "did you mean 'similarity'?" in text


def test_a_hypothesis_may_be_about_a_flag(tmp_path: Path) -> None:
    study = load_study(write(tmp_path, STUDY + "hypotheses: [{id: h, measure: LEAD, compare: [A, B]}]\n"))

    assert study.hypotheses[0].measure == "LEAD"


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("{agent: bob, round: 0}", "this series seats no agent 'bob'"),
        ("{agent: ann-1, round: 3}", "round 3 never comes"),
    ],
)
def test_a_fault_that_a_series_itself_asks_for_must_happen_in_it(
    tmp_path: Path, fault: str, said: str
) -> None:
    series = f"  C: {{participants: {{clones_of: ann, count: 2}}, faults: [{fault}]}}\n"

    text = problem(tmp_path, STUDY + series)

    assert said in text
    assert "study.yaml:14:" in text
