"""Panel files: what they hold, and what can be wrong with them."""

import re
from pathlib import Path

import pytest

from mascope.chat.types import usual_label
from mascope.codebook import RULES
from mascope.errors import InvalidFile
from mascope.panelfile import load_panel

JUDGES = Path(__file__).resolve().parents[1] / "judges"

FRENCH = re.compile(r"\b(d'accord|quel|la|il|je|les|nous|ne|sans|à|mes)\b", re.IGNORECASE)

FLAGS = """
flags:
  KIND:
    definition: Is kind.
    cues:
      rules:
        - {rule: kind words, phrases: [thanks]}
"""


def panel(folder: Path, text: str, name: str = "panel.yaml") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def problem(folder: Path, text: str) -> str:
    with pytest.raises(InvalidFile) as caught:
        load_panel(panel(folder, text))
    return str(caught.value).removeprefix(str(folder / "panel.yaml"))


# The panels that come with mascope ----------------------------------------------------------------------


def test_the_default_panel_has_the_six_flags_and_two_judges_of_different_families() -> None:
    default = load_panel(JUDGES / "behaviour.yaml")

    assert default.codebook.names == ("PHATIC", "META", "LEAD", "ARCH", "AGREE", "COMP")
    assert default.codebook.traits == ("PHATIC", "META", "LEAD", "ARCH", "AGREE")
    assert list(default.codebook.flags[-1].levels) == ["L1", "L2", "L3"]
    assert {judge.model.route for judge in default.judges} == {"gemini", "anthropic"}
    assert default.adjudication == "intersection"


@pytest.mark.parametrize("name", ["rules", "quickstart", "rehearsal"])
def test_the_other_panels_share_its_codebook(name: str) -> None:
    default = load_panel(JUDGES / "behaviour.yaml")
    other = load_panel(JUDGES / f"{name}.yaml")

    assert other.codebook.digest() == default.codebook.digest()


def test_the_rules_panel_is_the_rule_based_coder_alone() -> None:
    alone = load_panel(JUDGES / "rules.yaml")

    assert alone.coders == (RULES,)
    assert not alone.simulated


def test_the_quickstart_judges_without_a_key_and_the_rehearsal_is_simulated() -> None:
    assert load_panel(JUDGES / "quickstart.yaml").coders == ("smollm2", RULES)
    assert load_panel(JUDGES / "rehearsal.yaml").simulated


def test_each_flag_has_examples_of_both_answers_in_both_languages() -> None:
    for flag in load_panel(JUDGES / "behaviour.yaml").codebook.flags:
        answers = {example.answer for example in flag.examples}
        french = [example for example in flag.examples if FRENCH.search(example.text)]

        assert answers == {"yes", "no"}, flag.name
        assert 0 < len(french) < len(flag.examples), flag.name


# Reading ------------------------------------------------------------------------------------------------


def test_a_coder_without_settings_is_the_rules_and_others_name_a_model(tmp_path: Path) -> None:
    file = panel(tmp_path, "panel: p\ncoders:\n  rules:\n  one: {model: groq/a/b, label: One}\n" + FLAGS)

    loaded = load_panel(file)

    assert loaded.coders == ("one", RULES)
    assert loaded.judges[0].model.served_by == "groq/a/b"
    assert loaded.judges[0].model.label == "One"


def test_yes_and_no_in_examples_need_no_quotes(tmp_path: Path) -> None:
    flags = "flags: {A: {definition: a, examples: [{text: x, answer: no}, {text: y, answer: yes}]}}\n"

    loaded = load_panel(panel(tmp_path, "panel: p\ncoders: {rules: }\n" + flags))

    assert [example.answer for example in loaded.codebook.flags[0].examples] == ["no", "yes"]


def test_another_files_flags_keep_their_preamble_unless_there_is_a_new_one(tmp_path: Path) -> None:
    panel(tmp_path, "panel: base\npreamble: old\ncoders: {rules: }\n" + FLAGS, "base.yaml")

    same = load_panel(panel(tmp_path, "panel: p\ncodebook: base.yaml\ncoders: {rules: }\n"))
    new = load_panel(panel(tmp_path, "panel: p\ncodebook: base.yaml\npreamble: new\ncoders: {rules: }\n"))

    assert (same.codebook.preamble, new.codebook.preamble) == ("old", "new")
    assert same.codebook.flags == new.codebook.flags
    assert same.codebook.digest() != new.codebook.digest()


def test_lists_of_terms_are_put_into_the_rules_that_name_them(tmp_path: Path) -> None:
    flags = r"""
terms: {greeting: [hello, good day], name: [=Ann]}
flags:
  A:
    definition: a
    cues:
      opening: 50
      rules:
        - {rule: r, phrases: [bye], terms: [greeting], patterns: ['\b{greeting} \w+'], without_terms: [name]}
"""
    loaded = load_panel(panel(tmp_path, "panel: p\ncoders: {rules: }\n" + flags))

    rule = loaded.codebook.flags[0].cues["rules"][0]
    assert rule["phrases"] == ("bye", "hello", "good day")
    assert rule["without"] == ("=Ann",)
    assert "{greeting}" not in rule["patterns"][0]
    assert loaded.codebook.flags[0].cues["opening"] == 50


def test_a_judge_without_a_label_is_known_by_its_models_own_name_as_in_a_study(tmp_path: Path) -> None:
    loaded = load_panel(
        panel(tmp_path, "panel: p\ncoders: {one: {model: groq/openai/gpt-oss-120b}}\n" + FLAGS)
    )

    assert loaded.judges[0].model.label == usual_label("groq/openai/gpt-oss-120b") == "gpt-oss-120b"


def test_a_panel_may_be_adjudicated_by_one_of_its_coders(tmp_path: Path) -> None:
    loaded = load_panel(panel(tmp_path, "panel: p\ncoders: {rules: }\nadjudication: rules\n" + FLAGS))

    assert (loaded.adjudication, loaded.humans) == ("rules", "majority")


# What can be wrong --------------------------------------------------------------------------------------

HEAD = "panel: p\ncoders: {rules: }\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("panel: p\ncoders: {}\n" + FLAGS, ":2: coders: needs at least one entry"),
        ("panel: p\ncoders: {rules: {model: a/b}}\n" + FLAGS, ":2: coders.rules: the coder 'rules' takes no"),
        ("panel: p\ncoders: {one: }\n" + FLAGS, ":2: coders.one: the coder 'one' needs a `model:`"),
        ("panel: p\ncoders: {a/b: {model: a/b}}\n" + FLAGS, ":2: coders.a/b: a coder's name may hold"),
        (
            "panel: p\ncoders: {one: {model: gpt}}\n" + FLAGS,
            ":2: coders.one.model: must be route/name, such as",
        ),
        ("panel: p q\ncoders: {rules: }\n" + FLAGS, ":1: panel: 'p q' cannot be a name here"),
        (HEAD, ": give either `flags`, or `codebook`"),
        (HEAD + "codebook: panel.yaml\n", ":3: codebook: names this very file"),
        (HEAD + "codebook: there.yaml\n", ":3: codebook: there is no file"),
        (
            HEAD + FLAGS + "thresholds: {good: 80}\n",
            ":10: thresholds.good: must be at most 1",
        ),
        (HEAD + "flags: {kind: {definition: x}}\n", ":3: flags.kind: a flag's name is capitals"),
        (HEAD + "flags: {A: {definition: ''}}\n", ":3: flags.A.definition: must not be empty"),
        (
            HEAD + "flags: {A: {defintion: x}}\n",
            ":3: flags.A.defintion: unknown key; did you mean 'definition'?",
        ),
        (
            HEAD
            + "flags:\n  A:\n    definition: x\n    levels: {L1: y}\n    examples: [{text: t, level: L2}]\n",
            ":7: flags.A.examples: no level 'L2'; known here: L1",
        ),
        (
            HEAD + "flags:\n  A:\n    definition: x\n    levels:\n      L1: y\n      yes: z\n",
            ":8: flags.A.levels.yes: the level 'yes' is an answer in itself; give it another name",
        ),
        (
            HEAD + "flags:\n  A:\n    definition: x\n    levels: {Unsure: y}\n",
            ":6: flags.A.levels.Unsure: the level 'Unsure' is an answer in itself",
        ),
        (
            HEAD + "flags:\n  A:\n    definition: x\n    levels: {L1: y, l1: z}\n",
            ":6: flags.A.levels.l1: the same level as 'L1'; rename one of them",
        ),
        (
            HEAD + FLAGS + "adjudication: intersecton\n",
            ":10: adjudication: no rule of adjudication or coder 'intersecton'; did you mean 'intersection'?",
        ),
        (
            HEAD + FLAGS + "humans: median\n",
            ":10: humans: no rule of adjudication 'median'; known here: dawid_skene, intersection",
        ),
        (
            HEAD + FLAGS + "repeats: {alone: 10}\n",
            ":10: repeats.alone: every message is coded by itself already; set `batch:`",
        ),
    ],
)
def test_a_wrong_panel_is_one_error_at_its_line(tmp_path: Path, text: str, says: str) -> None:
    assert problem(tmp_path, text).replace(":1: give", ": give").startswith(says)


def with_rule(rule: str, more: str = "") -> str:
    return HEAD + f"flags:\n  A:\n    definition: a\n    cues:\n      rules:\n        - {rule}\n{more}"


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("{rule: r}", "looks for nothing; give phrases"),
        ("{rule: r, phrases: ['*']}", "'*' has no words"),
        ("{rule: r, patterns: ['(']}", "'(' is not a regular expression"),
        ("{rule: r, patterns: ['a*']}", "'a*' matches nothing at all, so it would always hold"),
        ("{rule: r, naming: near}", "`naming: near` needs phrases"),
        ("{rule: r, naming: far, phrases: [a]}", "must be 'near' or 'anywhere'"),
        ("{rule: r, phrase: [a]}", "unknown key; did you mean 'phrases'?"),
        ("{rule: r, phrases: [a], level: L9}", "no level 'L9'"),
        ("{rule: r, terms: [technology]}", "no list of terms 'technology'"),
        (r"{rule: r, patterns: ['\b{technology}']}", "no list of terms 'technology'"),
        ("{rule: r, phrases: [a], unless: [B]}", "no flag 'B'; did you mean"),
    ],
)
def test_a_wrong_rule_is_one_error_that_names_it(tmp_path: Path, rule: str, says: str) -> None:
    error = problem(tmp_path, with_rule(rule))

    assert error.startswith(":8: flags.A.cues.rules.0")
    assert says in error.replace("; known here: A", "; did you mean 'A'")


def test_flags_may_not_void_each_other_in_a_circle(tmp_path: Path) -> None:
    other = "  B:\n    definition: b\n    cues: {rules: [{rule: s, phrases: [x], unless: [A]}]}\n"

    error = problem(tmp_path, with_rule("{rule: r, phrases: [x], unless: [B]}", other))

    assert "the rules of these flags void each other" in error


def test_a_panel_whose_codebook_has_no_flags_is_refused(tmp_path: Path) -> None:
    panel(tmp_path, "panel: a\ncodebook: c.yaml\ncoders: {rules: }\n", "b.yaml")

    assert "has no flags of its own" in problem(tmp_path, HEAD + "codebook: b.yaml\n")
