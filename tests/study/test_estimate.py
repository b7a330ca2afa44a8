"""What a study will take: each number derived by hand beside it."""

from pathlib import Path

from mascope.study import Study, load_study
from mascope.study.estimate import Load, Overflow, loads, overflows

STUDY = """\
study: tea
brief: {brief}
models: {{ann: {{model: rehearsal/plain}}, bob: {{model: rehearsal/plain}}}}
base:
  participants: [ann, bob]
  rounds: 4
  runs: 3
  sampling: {{max_tokens: 100}}
  scaffold: {{identity: false, peers: false}}
series: {{X: {{{own}}}}}
"""


def study(folder: Path, own: str = "", brief: str = "Choose a tea.") -> Study:
    file = folder / "study.yaml"
    file.write_text(STUDY.format(own=own, brief=brief))
    return load_study(file)


def load_of(model: str, found: Study) -> Load:
    return next(load for load in loads(found) if load.model == model)


def test_an_empty_answer_may_be_asked_for_again_and_only_the_upper_end_says_so(tmp_path: Path) -> None:
    once = load_of("ann", study(tmp_path))
    again = load_of("ann", study(tmp_path, "hygiene: {empty: ask_again, ask_again: 2}"))

    # 3 runs × 4 rounds; each turn asked up to three times.
    assert (once.calls, once.calls_most) == (12, 12)
    assert (again.calls, again.calls_most) == (12, 36)
    assert again.completion_tokens.low == once.completion_tokens.low
    assert again.completion_tokens.high == 3 * once.completion_tokens.high == 3 * 12 * 100
    assert again.prompt_tokens.low == once.prompt_tokens.low
    assert again.prompt_tokens.high == 3 * once.prompt_tokens.high


def test_repeats_are_not_expected_where_an_empty_answer_is_kept(tmp_path: Path) -> None:
    assert load_of("ann", study(tmp_path, "hygiene: {empty: fail}")).calls_most == 12


PROBE = "probes: [{id: p, ask: 'Which?', kind: text, when: [before, each]}]"


def test_one_that_has_crashed_is_asked_nothing_in_private(tmp_path: Path) -> None:
    found = study(tmp_path, f"faults: [{{agent: bob, round: 2}}], {PROBE}")

    # ann: 4 turns and 5 questions; bob: 2 turns, and the questions before, after 0 and after 1.
    assert load_of("ann", found).calls == 3 * 9
    assert load_of("bob", found).calls == 3 * 5


def test_one_that_is_back_is_asked_again(tmp_path: Path) -> None:
    found = study(tmp_path, f"faults: [{{agent: bob, round: 1, rounds: 2}}], {PROBE}")

    # Turns in rounds 0 and 3; questions before, after 0 and after 3.
    assert load_of("bob", found).calls == 3 * 5


def test_one_that_is_only_silent_is_asked_in_private(tmp_path: Path) -> None:
    found = study(tmp_path, f"faults: [{{agent: bob, round: 1, kind: mute, rounds: 2}}], {PROBE}")

    assert load_of("bob", found).calls == 3 * (2 + 5)


def test_whoever_crashes_at_once_is_not_asked_before_either(tmp_path: Path) -> None:
    found = study(tmp_path, f"faults: [{{agent: bob, round: 0}}], {PROBE}")

    assert load_of("bob", found).calls == 0


def test_the_round_from_which_a_prompt_may_be_too_long_is_told(tmp_path: Path) -> None:
    # 400 characters of brief: 100 tokens. By round k, 2k answers of 1 to 100 tokens were given, and one more
    # takes 100. 100 + 200k + 100 > 350 first holds for k = 1; with the shortest answers, 100 + 2k + 100 never
    # does.
    found = study(tmp_path, brief="x" * 400).limited({"ann": 350, "bob": None})

    assert overflows(found) == (Overflow("X", "ann", 350, may=1, must=None),)


def test_a_prompt_that_must_be_too_long_is_told_apart(tmp_path: Path) -> None:
    # 100 + 2k + 100 > 203 first holds for k = 2; with names and marks at their longest, in round 0 already.
    found = study(tmp_path, brief="x" * 400).limited({"ann": 203})

    assert overflows(found) == (Overflow("X", "ann", 203, may=0, must=2),)


def test_a_brief_in_chinese_takes_more_tokens_than_characters_by_four(tmp_path: Path) -> None:
    chinese, english = (load_of("ann", study(tmp_path, brief=text)) for text in ("茶" * 400, "x" * 400))

    # 1.5 tokens a character (three bytes) against a quarter, in each of the calls.
    assert chinese.prompt_tokens.low - english.prompt_tokens.low == 500 * english.calls


def test_a_window_keeps_prompts_within_the_limit(tmp_path: Path) -> None:
    found = study(tmp_path, "context: {tokens: 100}", brief="x" * 400).limited({"ann": 350})

    assert overflows(found) == ()
