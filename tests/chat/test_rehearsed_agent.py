from collections.abc import Iterable, Iterator

import pytest

from mascope.chat.phrases import BANKS, STORES, TECH, marks
from mascope.chat.rehearsed_agent import scene, truth
from mascope.chat.types import ChatTurn
from mascope.prompting import LAYOUTS, PARTS, Prompter, Scaffold, Situation, TurnFormat
from mascope.records import Agent, Failure, Message, Turn

SYSTEM = ChatTurn("system", "You are Agent-A in a group chat.\nOther agents: Agent-B, Agent-C, Agent-D")
BRIEF = ChatTurn("user", "A client wants an app.")


# Reading the prompt ----------------------------------------------------------------------------------------

NAMES = ("Agent-A", "LLaMA 3.3 70B", "Echo", "Agent-D")


def _agent(seat: int) -> Agent:
    return Agent(f"a{seat}", NAMES[seat], NAMES[seat], "m", "rehearsal/plain", "M", seat)


def _message(seat: int, round_: int = 0) -> Message:
    name = NAMES[seat]
    return Message(
        f"r|{name}|R{round_}", f"a{seat}", name, "m", None, round_, seat,
        f"Point {seat}.\n\nAnother [aside] here: see [1]: that.", (), "", "",
    )  # fmt: skip


def _gone(seat: int) -> Failure:
    told = f"[System]: {NAMES[seat]} did not answer."
    return Failure(f"r|{NAMES[seat]}|R0", f"a{seat}", NAMES[seat], 0, seat, "crash", "injected", "", told, "")


SEEN: tuple[Turn, ...] = (_message(0), _message(1), _message(2), _gone(3))


def _prompt(layout: str, parts: Iterable[str], attribution: str = "[{name}]: ") -> tuple[ChatTurn, ...]:
    scaffold = Scaffold({part: PARTS[part].default for part in parts})
    prompter = Prompter(scaffold, TurnFormat(attribution, layout), "The brief:\n\n[1]: a reference.")
    return prompter.prompt(Situation(_agent(0), NAMES[0], NAMES[1:], (), 1, 3), SEEN)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("attribution", ["[{name}]: ", "{name} says: "])
def test_peers_are_the_others_who_still_answer(layout: str, attribution: str) -> None:
    found = scene(_prompt(layout, ("identity", "peers"), attribution))

    assert sorted(found.peers) == ["Echo", "LLaMA 3.3 70B"]
    assert (found.failed, found.absent) == (True, "Agent-D")


def test_without_a_list_peers_are_those_who_spoke() -> None:
    found = scene(_prompt("separate", ("identity",)))

    assert sorted(found.peers) == ["Echo", "LLaMA 3.3 70B"]
    assert found.absent == "Agent-D"


def test_before_anybody_spoke_peers_are_those_on_the_list() -> None:
    assert scene((SYSTEM, BRIEF)).peers == ("Agent-B", "Agent-C", "Agent-D")


def test_a_notice_of_its_own_failure_is_none_to_an_agent() -> None:
    assert scene((SYSTEM, ChatTurn("user", "[System]: Agent-A did not answer."))).failed is False


def test_a_notice_in_other_words_still_tells_who_is_gone() -> None:
    found = scene((ChatTurn("system", ""), ChatTurn("user", "[SYSTEM] Zoé Z. ne répond plus.")))

    assert (found.failed, found.absent) == (True, "Zoé Z.")


def test_who_speaks_again_after_a_failure_is_a_peer_again() -> None:
    heard = ("[Agent-B]: Hello.", "[System]: Agent-B did not answer.", "[System]: Agent-C did not answer.")
    turns = [SYSTEM, BRIEF, *(ChatTurn("user", text) for text in heard)]
    back = ChatTurn("user", "[Agent-C]: I am back.")

    assert (scene(turns).peers, scene(turns).absent) == (("Agent-D",), "Agent-C")
    assert (scene([*turns, back]).peers, scene([*turns, back]).absent) == (("Agent-C", "Agent-D"), "Agent-B")


def test_a_persona_that_speaks_of_others_lists_no_peers() -> None:
    assert scene((ChatTurn("system", "You are patient with others: let them finish."), BRIEF)).peers == ()


# The truth -------------------------------------------------------------------------------------------------


def owned() -> Iterator[tuple[str | None, str | None, str]]:
    """Everything that an agent can say, with the flag and level it belongs to."""
    for bank in BANKS.values():
        for flag, said in bank.flags.items():
            yield from ((flag, None, text) for text in said)
        for level, said in bank.levels.items():
            yield from (("COMP", level, text) for text in said)
        for said in (bank.filler, bank.closers, bank.thoughts, bank.tasks, bank.topics, (bank.nobody,)):
            yield from ((None, None, text) for text in said)
    yield from ((None, None, text) for text in TECH + STORES)


def test_no_sentence_of_another_flag_or_of_none_holds_a_fragment() -> None:
    mixed_up = [
        (fragment, text)
        for flag, level, fragment in marks()
        for owner, at, text in owned()
        if fragment in text and (owner, at) != (flag, level)
    ]

    assert mixed_up == []
    assert not any("·" in text or "  " in text for _, _, text in owned())
    assert min(len(fragment) for _, _, fragment in marks()) >= 10


def test_a_text_that_nobody_rehearsed_shows_nothing() -> None:
    assert not any(truth("Bonjour, je propose Flutter et Redis. Agent-B, d'accord ?").flags.values())
