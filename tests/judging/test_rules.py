"""The rule-based coder: what its default cues find, how rules are applied, how far it agrees with people."""

import asyncio
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mascope.codebook import Codebook, Flag
from mascope.cues import Cues, Rule
from mascope.imports import IMPORTERS, import_codes
from mascope.judging.rules import Evidence, RuleCoder, Rules, Seat, rules_digest
from mascope.judging.units import units_of
from mascope.names import MentionFinder
from mascope.panelfile import load_panel
from mascope.records import Coding, Mark
from mascope.stats.confusion import as_counts, confusion, kappa
from mascope.store import codes, journal
from mascope.store.layout import Results

DEFAULT = load_panel(Path(__file__).resolve().parents[2] / "judges" / "behaviour.yaml").codebook
RULES = Rules(DEFAULT)
FINDER = MentionFinder({letter: (f"Agent-{letter}",) for letter in "ABCDEFGH"})
SEAT = Seat("A", FINDER)


def flags(text: str, *, absent: str = "") -> set[str]:
    return set(RULES.explain(text, replace(SEAT, absent=frozenset(absent))))


# What the default cues find -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Got it.",
        "D'accord.",
        "*silence*",
        "[Agent-A] : *silence*",
        "Merci, à demain !",
        "All set. See you at 09:30.",
        "👍",
        "Good morning everyone!",
        "You're welcome, Agent-C!",
        "Understood, Agent-H. Standing by.",
        "Avec plaisir, à très vite !",
        "Bon courage !",
    ],
)
def test_short_words_without_substance_are_phatic(text: str) -> None:
    assert flags(text) == {"PHATIC"}


@pytest.mark.parametrize(
    "text",
    [
        "Prenons Flutter.",
        "We cut the second stage; it costs too much.",
        "Agent-B, what is your view on the second ward?",
        "Les bénévoles arrivent par le portail nord.",
        "OK, we recruit forty nurses.",
        "Thanks, the ethics board approved the questionnaire.",
        "Quel budget pour la publicité ?",
        "Je propose de commencer demain.",
        "Thread closed. See you on Monday!",
        "Merci à tous pour ce travail, je vous souhaite une bonne soirée et reviens demain matin.",
    ],
)
def test_short_words_with_substance_and_long_ones_are_not(text: str) -> None:
    assert "PHATIC" not in flags(text)


@pytest.mark.parametrize(
    "text",
    [
        "La conversation est maintenant terminée.",
        "✅ Thread officiellement clos et archivé.",
        "It seems like we've reached a conclusion on the scope.",
        "The discussion has come to an end, good luck to all with the launch of the project.",
        "On clôt ici, bon week-end et à lundi pour le lancement du premier sprint avec toute l'équipe.",
        "Il semble que nous avons atteint la limite de tokens pour notre modèle de langage.",
        "To summarize: the scope is fixed, the dates are known, and everybody has a role to play now.",
        "Let's stay on topic, please: nobody has answered the question about the noise.",
        "Nous tournons en rond depuis quatre tours, et chacun répète la même liste de risques.",
        "**Synthèse** : le périmètre est fixé et chacun connaît ses dates pour les semaines qui viennent.",
    ],
)
def test_words_about_the_discussion_are_meta(text: str) -> None:
    assert "META" in flags(text)


@pytest.mark.parametrize(
    "text",
    [
        "Prochaine étape : valider les maquettes avec le client avant vendredi et ouvrir les inscriptions.",
        "Merci pour la synthèse. Je termine les maquettes ce soir et je les partage demain matin.",
        "En résumé, Flutter et PostgreSQL.",
        "We exchange messages over a secure line, and the registration closes on 4 May.",
    ],
)
def test_words_about_the_task_are_not_meta(text: str) -> None:
    assert "META" not in flags(text)


@pytest.mark.parametrize(
    "text",
    [
        "Étapes :\n* @Agent-B : préparer les maquettes\n* @Agent-C : écrire les tests",
        "| Tâche | Responsable |\n|---|---|\n| Maquettes à finir | @Agent‑B |",
        "- Write the contract tests – @Agent-C\n- Draw the map of stands (Agent-D)",
        "@Agent-D, peux-tu terminer le contrat avant mardi ?",
        "Agent-E, please book the venue by Friday.",
        "Je vais demander à Agent-F de partager le calendrier.",
        "Je propose que @Agent-B contacte la mairie et que @Agent-C réserve la scène.",
        "Agent-C should write the ethics application, and Agent-D the consent form.",
        "Agent-E: take night shifts. Agent-F: handle admissions.",
        "Agent-H va négocier avec le traiteur.",
    ],
)
def test_tasks_for_named_agents_are_lead(text: str) -> None:
    assert "LEAD" in flags(text)


@pytest.mark.parametrize(
    "text",
    [
        "@Agent-B, qu'en penses-tu ?",
        "@Agent-B, could you tell us what you think?",
        "Agent-E already wrote the protocol and Agent-F printed it.",
        "The nurse in charge should call the families before six, as Agent-B said.",
        "Le développeur backend prépare la base de données.",
        "* **Agent-B** : votre plan est validé.\n* **Agent-C** : votre plan est validé.",
        "**@Agent-A, @Agent-B, @Agent-C, @Agent-D**\nJe termine les maquettes ce soir.",
        "Présents :\n- Agent-B\n- Agent-C\n- Agent-D",
    ],
)
def test_opinions_roles_and_lists_of_addressees_are_not_lead(text: str) -> None:
    assert "LEAD" not in flags(text)


@pytest.mark.parametrize(
    "text",
    [
        "Front in Flutter, data in PostgreSQL.",
        "Stack : React‑Native + Node.js",
        "On suit sur Trello, on parle sur Slack.",
        "Billetterie Weezevent, bracelets RFID, paiement par Stripe.",
        "API en FastAPI, cartes par Google Maps",
        "Questionnaires in Qualtrics, analysis in SPSS.",
    ],
)
def test_two_technologies_are_arch(text: str) -> None:
    assert "ARCH" in flags(text)


@pytest.mark.parametrize(
    "text",
    [
        "An app for iOS and Android with a secure database and an API.",
        "We use Flutter, and again flutter.",
        "Stripe, ou plutôt Stripe Connect.",
        "Node.js seul.",
        "Let us react, express ourselves and render swift help; the teams spring into action.",
        "Le tableau de bord et la base de données.",
    ],
)
def test_one_technology_or_ordinary_words_are_not_arch(text: str) -> None:
    assert "ARCH" not in flags(text)


@pytest.mark.parametrize(
    "text",
    [
        "I agree with @Agent-B: payments come first.",
        "@all Je suis entièrement d’accord avec @Agent‑C.",
        "Excellent summary, @Agent-D!",
        "Je rejoins l'avis d'Agent-E.",
        "@Agent-B, votre proposition est très pertinente.",
        "Merci @Agent-F pour ce plan.\nJe confirme que nous sommes tous alignés.",
        "Agent-H's estimate seems correct to me, so let us keep forty beds.",
        "Exactement, Agent-B. Sans ventilation, le reste ne sert à rien.",
        "I share Agent-E's concern about the sample size: forty is too few.",
        "L'avis d'Agent-C me convient : pas de double aveugle.",
    ],
)
def test_agreeing_with_somebody_by_name_is_agree(text: str) -> None:
    assert "AGREE" in flags(text)


@pytest.mark.parametrize(
    "text",
    [
        "Merci @Agent-D. Voici mes maquettes.",
        "Nous sommes tous d'accord.",
        "I do not think so, @Agent-B. I disagree.",
        "@Agent-B, êtes-vous d'accord ?",
        "[Agent-B]: Excellent travail !",
    ],
)
def test_thanks_questions_and_agreement_with_nobody_are_not_agree(text: str) -> None:
    assert "AGREE" not in flags(text)


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("Agent-G ne répond plus depuis deux tours.", "L1"),
        ("The model behind this has been decommissioned.", "L1"),
        ("Agent-G is down; in the absence of Agent-G I keep the tests warm.", "L2"),
        ("Agent-G est hors service : sans @Agent-G, ses tâches sont redistribuées à Agent-C.", "L3"),
    ],
)
def test_an_absent_agent_is_comp_at_the_highest_level_found(text: str, level: str) -> None:
    marks = RULES.code(text, replace(SEAT, absent=frozenset("G")))

    assert marks["COMP"].answer == "yes"
    assert marks["COMP"].level == level


def test_nobody_is_missed_before_somebody_is_gone() -> None:
    text = "Agent-G ne répond plus depuis deux tours."

    assert "COMP" not in flags(text)
    assert "COMP" not in flags(text, absent="H")


HOSTILE = """
from pathlib import Path
from mascope.judging.rules import Rules, Seat
from mascope.names import MentionFinder
from mascope.panelfile import load_panel
rules = Rules(load_panel(Path("judges/behaviour.yaml")).codebook)
seat = Seat("A", MentionFinder({"A": ("Agent-A",), "B": ("Agent-B",)}), frozenset("B"))
for sign in ("-", "<", "@", "\\u202e", "Agent-B, ", "merci "):
    rules.explain(sign * (1_000_000 // len(sign)), seat)
"""


def test_a_megabyte_of_anything_does_not_hold_the_rules_up() -> None:
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", HOSTILE], cwd=root, timeout=240, check=False)

    assert done.returncode == 0  # in quadratic time it would take hours, and be ended here


def test_a_list_of_addressees_does_not_miss_the_absent_agent() -> None:
    assert "COMP" not in flags("@Agent-B, @Agent-C, @Agent-G : merci à tous !", absent="G")


# How rules are applied ----------------------------------------------------------------------------------


def rules(*several: Rule, levels: tuple[str, ...] = (), opening: int | None = None, **more: Rule) -> Rules:
    """A codebook of the flag A with these rules, and of a flag for each of `more`."""
    return Rules(codebook(*several, levels=levels, opening=opening, **more))


def codebook(
    *several: Rule, levels: tuple[str, ...] = (), opening: int | None = None, **more: Rule
) -> Codebook:
    first = a_flag("A", Cues(several, opening), levels)
    return Codebook("", (first, *(a_flag(name, Cues((rule,))) for name, rule in more.items())))


def a_flag(name: str, cues: Cues | None = None, levels: tuple[str, ...] = ()) -> Flag:
    plain: Mapping[str, Any] = {}
    if cues:
        fields = Rule.__dataclass_fields__
        plain = {
            "rules": [{field: getattr(rule, field) for field in fields} for rule in cues.rules],
            "opening": cues.opening,
        }
    return Flag(name, "", True, dict.fromkeys(levels, ""), (), plain)


def found(coder: Rules, text: str, seat: Seat = SEAT) -> Evidence | None:
    return coder.explain(text, seat).get("A")


def test_a_flag_without_cues_is_unsure_and_never_no() -> None:
    coder = Rules(Codebook("", (a_flag("A"),)))

    assert coder.code("anything", SEAT) == {"A": Mark("unsure")}


def test_the_evidence_names_the_rule_and_quotes_the_message_as_it_stands() -> None:
    coder = rules(Rule("says so", phrases=("je valide",)))

    evidence = found(coder, "Alors **Je\u202fVALIDE** tout.")

    assert evidence == Evidence("says so", "Je\u202fVALIDE")


def test_phrases_are_whole_words_and_a_star_ends_them_in_any_way() -> None:
    coder = rules(Rule("r", phrases=("valid*", "plan d'action")))

    assert found(coder, "invalid") is None
    assert found(coder, "plans d'action") is None
    assert found(coder, "Validation !")
    assert found(coder, "le plan\n**d’action**")


def test_a_sign_asks_for_the_capital() -> None:
    coder = rules(Rule("r", phrases=("=Swift",)))

    assert found(coder, "a swift answer") is None
    assert found(coder, "in Swift")


def test_at_least_counts_different_things() -> None:
    coder = rules(Rule("r", phrases=("stripe", "stripe connect", "slack"), at_least=2))

    assert found(coder, "Stripe, STRIPE and Stripe‑Connect") is None
    assert found(coder, "Stripe and Slack")


def test_near_means_on_the_same_line_and_within_reach() -> None:
    coder = rules(Rule("r", phrases=("bravo",), naming="near", within=10))

    assert found(coder, "Bravo, Agent-B")
    assert found(coder, "Agent-B: bravo")
    assert found(coder, "Bravo, Agent-A") is None
    assert found(coder, "Bravo\nAgent-B") is None
    assert found(coder, "Bravo pour tout ce travail, Agent-B") is None


def test_most_names_keeps_lists_of_addressees_out() -> None:
    coder = rules(Rule("r", phrases=("bravo",), naming="near", most_names=1))

    assert found(coder, "Bravo Agent-B")
    assert found(coder, "Bravo Agent-B, Agent-C") is None


def test_without_bars_a_message_and_for_items_only_the_line() -> None:
    assert found(rules(Rule("r", phrases=("oui",), without=("mais",))), "oui, mais") is None
    coder = rules(Rule("r", items=1, without=("validé",)))
    assert found(coder, "- Agent-B : plan validé") is None
    assert found(coder, "- Agent-B : plan validé\n- Agent-C : tests à écrire")


def test_unless_is_decided_first_whatever_the_order() -> None:
    coder = rules(Rule("r", phrases=("oui",), unless=("B",)), B=Rule("s", phrases=("non",)))

    assert set(coder.explain("oui", SEAT)) == {"A"}
    assert set(coder.explain("oui non", SEAT)) == {"B"}


def test_the_strongest_level_wins() -> None:
    one, two = Rule("one", phrases=("a",), level="L1"), Rule("two", phrases=("b",), level="L2")
    coder = rules(two, one, levels=("L1", "L2"))

    assert found(coder, "a b") == Evidence("two", "b", "L2")
    assert found(coder, "a") == Evidence("one", "a", "L1")


def test_only_the_opening_is_read() -> None:
    coder = rules(Rule("r", phrases=("oui",)), opening=10)

    assert found(coder, "1234567890 oui") is None
    assert found(coder, "oui 4567890 non")


def test_word_limits_leave_the_own_name_out() -> None:
    coder = rules(Rule("r", least_words=2, most_words=3))

    assert found(coder, "[Agent-A]: un deux trois")
    assert found(coder, "un – deux, trois !")
    assert found(coder, "un deux trois quatre") is None
    assert found(coder, "[Agent-A]: un") is None


def test_the_digest_changes_with_the_cues_and_not_with_the_definition() -> None:
    here = codebook(Rule("r", phrases=("a",)))
    defined = replace(here, flags=(replace(here.flags[0], definition="new"),))

    assert rules_digest(codebook(Rule("r", phrases=("b",)))) != rules_digest(here)
    assert rules_digest(defined) == rules_digest(here)


@given(st.text(max_size=300))
def test_any_text_is_coded_and_every_quote_stands_in_it(text: str) -> None:
    for mark in RULES.code(text, replace(SEAT, absent=frozenset("G"))).values():
        assert mark.answer in ("yes", "no")
        assert mark.quote is None or mark.quote in text


def test_characters_that_grow_when_made_small_keep_their_place() -> None:
    evidence = found(rules(Rule("r", phrases=("oui",))), "İİİ OUI")

    assert evidence == Evidence("r", "OUI")


UNITS = [
    "Agent-B d'accord\n",
    "merci ",
    "@Agent-B ",
    "Flutter ",
    "| Agent-B | x |\n",
    "conversation ",
    "a",
    "\n",
    "* ",
]


@pytest.mark.timeout(30)
@pytest.mark.parametrize("unit", UNITS)
def test_a_text_of_100_kb_is_coded_in_a_moment(unit: str) -> None:
    whole = Codebook("", tuple(replace(f, cues={**f.cues, "opening": None}) for f in DEFAULT.flags))
    text = unit * (100_000 // len(unit))

    for coder in (RULES, Rules(whole)):
        coder.code(text, replace(SEAT, absent=frozenset("G")))


# On the published messages ------------------------------------------------------------------------------


def answers(results: Results, coder: str) -> dict[str, Mapping[str, Mark]]:
    return {
        verdict.message: verdict.marks
        for file in results.codes_of(coder)
        for verdict in codes.read(file).verdicts
        if isinstance(verdict, Coding)
    }


async def coded(
    coder: RuleCoder, results: Results, wanted: Mapping[str, object]
) -> dict[str, Mapping[str, Mark]]:
    units = [
        u for file in results.journals() for u in units_of(journal.read(file), 0) if u.message.id in wanted
    ]
    verdicts = [judged.verdict async for judged in coder.code(units, NoCalls())]
    return {verdict.message: verdict.marks for verdict in verdicts if isinstance(verdict, Coding)}


class NoCalls:
    """A log that nothing may be written to."""

    def sending(self, *about: object) -> None:
        raise AssertionError(f"a call was made: {about}")

    failed = sending


def test_it_agrees_with_the_human_better_than_chance_and_better_than_the_goal(
    warroom: Path, tmp_path: Path
) -> None:
    results = Results(tmp_path / "warroom")
    IMPORTERS["warroom"](warroom / "transcripts", results)
    import_codes(warroom / "human_coding.csv", results, coder="human", prefix="human_")
    human = answers(results, "human")

    ours = asyncio.run(coded(RuleCoder(DEFAULT), results, human))

    def agreement(flag: str) -> float:
        pairs = [(ours[m][flag].answer == "yes", human[m][flag].answer == "yes") for m in human]
        return float(kappa(as_counts(confusion(*zip(*pairs, strict=True)))))

    kappas = {flag: agreement(flag) for flag in DEFAULT.names}
    assert len(ours) == 245
    assert kappas["PHATIC"] >= 0.9
    assert min(kappas.values()) > 0.6
    assert sum(kappas.values()) / 6 >= 0.75


def test_words_beside_those_found_names_and_small_ones_are_counted() -> None:
    rule = {"name": "a courtesy", "phrases": ("thank you",), "aside": ("for", "the"), "most_else": 1}
    rules = Rules(Codebook("", (Flag("PHATIC", "A courtesy.", True, {}, (), {"rules": [rule]}),)))

    def holds(text: str) -> bool:
        return bool(rules.explain(text, SEAT))

    assert holds("Thank you for the 12 tents, Agent-B!")
    assert not holds("Thank you for the twelve tents, Agent-B!")
    assert not holds("For the tents.")
