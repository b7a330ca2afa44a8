from collections import Counter
from itertools import chain

import numpy as np
import pandas as pd
import pytest

from mascope.stats import adoption
from mascope.stats.adoption import Periods, Said, distinct, drawn_uses, periods, seen_pairs, sequences
from mascope.stats.words import Words, words


def rng(seed: int = 4) -> np.random.Generator:
    return np.random.default_rng(seed)


def said(rows: list[tuple[int, int, int, str]], recorded: bool = True) -> Said:
    """From (run, agent, round, view)."""
    run, agent, round_ = (np.array([row[n] for row in rows], dtype=np.intp) for n in range(3))
    views = pd.Series([row[3] for row in rows], dtype=object)
    return Said(run, agent, round_, views, np.full(len(rows), recorded))


NOTHING = words([])
TEXTS = [
    "we ship on monday",  # agent 0 brings it up
    "hello there",
    "no idea yet",
    "yes we ship on monday",  # agent 1 takes it over, having seen it once
    "nothing more from me",
    "we ship on monday then",  # agent 2 takes it over, having seen it twice, from two agents
]
ROUNDS = said([
    (0, 0, 0, ""), (0, 1, 0, ""), (0, 2, 0, ""),
    (0, 1, 1, "0-2"), (0, 2, 1, "0-2"),
    (0, 2, 2, "0-4"),
])  # fmt: skip


def rows(found: Periods) -> set[tuple[int, int, int, int, bool]]:
    """(expression, messages, agents, turn, adopted)"""
    columns = found.expression, found.messages, found.agents, found.turn, found.adopted
    return {(int(e), int(m), int(a), int(t), bool(y)) for e, m, a, t, y in zip(*columns, strict=True)}


def expression(cut: Words, found: Said, text: str) -> int:
    """The number of a text's only expression."""
    whole = words([*TEXTS, text])
    code = sequences(whole)[1][-1]
    uses = drawn_uses(cut, found, NOTHING, rng())
    message, codes = sequences(whole)
    where = set(message[(codes == code) & (message < len(TEXTS))].tolist())
    numbers = [
        n for n in range(uses.expressions) if set(uses.message[uses.expression == n].tolist()) == where
    ]
    return numbers[0]


def test_sequences_do_not_cross_from_one_message_into_the_next() -> None:
    message, _ = sequences(words(["a b c d", "e f", "g h i"]))

    assert message.tolist() == [0, 0, 2]
    assert len(sequences(words([]))[0]) == 0
    assert len(sequences(words(["", "a b"]))[0]) == 0


def test_an_adoption_counts_what_its_agent_had_been_shown() -> None:
    found = periods(words(TEXTS), ROUNDS, NOTHING, rng())
    ship = expression(words(TEXTS), ROUNDS, "we ship on")

    # By hand: agent 1 adopts at once; agent 2 is shown it once and does not, is shown it twice and does.
    assert {row[1:] for row in rows(found) if row[0] == ship} == {
        (1, 1, 1, True), (1, 1, 1, False), (2, 2, 2, True),
    }  # fmt: skip


def test_who_brought_an_expression_up_does_not_adopt_it() -> None:
    again = said([(0, 0, 0, ""), (0, 1, 0, ""), (0, 0, 1, "0-1")])
    found = periods(
        words(["we ship on monday", "we ship on monday", "we ship on monday"]), again, NOTHING, rng()
    )

    assert len(found.run) == 0


def test_what_the_brief_holds_is_nobodys_to_bring_up() -> None:
    found = periods(words(TEXTS), ROUNDS, words(["Well, we ship on Monday and never else"]), rng())

    assert not found.adopted.any()


def test_what_was_not_in_the_prompt_is_no_exposure() -> None:
    blind = said([(0, 0, 0, ""), (0, 1, 0, ""), (0, 1, 1, "1"), (0, 1, 2, "0-1")])
    found = periods(
        words(["we ship on monday", "fine", "we shall see", "we ship on monday"]), blind, NOTHING, rng()
    )

    # In the second round agent 1 was shown its own words only; in the third it adopts in its first period.
    assert found.turn.tolist() == [1, 1]
    assert found.adopted.all()


def test_where_views_are_not_recorded_the_rounds_before_count() -> None:
    unknown = Said(ROUNDS.run, ROUNDS.agent, ROUNDS.round, pd.Series([""] * 6), np.zeros(6, dtype=np.bool_))
    by_rounds, recorded = (periods(words(TEXTS), one, NOTHING, rng()) for one in (unknown, ROUNDS))

    assert rows(by_rounds) == rows(recorded)


def test_runs_do_not_see_each_other() -> None:
    two = said([(0, 0, 0, ""), (0, 1, 1, "0"), (1, 0, 0, ""), (1, 1, 1, "0")])
    speaker, source = seen_pairs(two, rng())

    assert speaker.tolist() == [1, 3]
    assert source.tolist() == [0, 2]


def test_a_view_may_be_of_several_stretches() -> None:
    found = said([(0, n, 0, "") for n in range(5)] + [(0, 9, 1, "0-1,4")])

    assert seen_pairs(found, rng())[1].tolist() == [0, 1, 4]


def crowd(runs: int = 3, rounds: int = 5, agents: int = 4) -> tuple[Words, Said]:
    """Words by chance from few, so that there is much to adopt."""
    draws = np.random.default_rng(9)
    order = [
        (run, agent, round_) for run in range(runs) for round_ in range(rounds) for agent in range(agents)
    ]
    texts = [" ".join(draws.choice(list("abcd"), size=8)) for _ in order]
    views = [f"0-{round_ * agents - 1}" if round_ else "" for _, _, round_ in order]
    return words(texts), said([(*row, view) for row, view in zip(order, views, strict=True)])


def test_periods_are_those_found_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adoption, "EXPRESSIONS", 10_000)
    cut, found = crowd()
    counted = periods(cut, found, NOTHING, rng())
    message, code = sequences(cut)
    used = {m: set(code[message == m].tolist()) for m in range(len(found.run))}
    expected, turns = [], Counter[tuple[int, int, int]]()
    for m in range(len(found.run)):
        before = [s for s in range(m) if found.run[s] == found.run[m] and found.round[s] < found.round[m]]
        own = set(chain.from_iterable(used[s] for s in before if found.agent[s] == found.agent[m]))
        for e in set(chain.from_iterable(used[s] for s in before)) - own:
            holding = [s for s in before if e in used[s]]
            agents = len({int(found.agent[s]) for s in holding})
            turns[int(found.run[m]), int(found.agent[m]), e] += 1
            turn = turns[int(found.run[m]), int(found.agent[m]), e]
            expected.append((int(found.run[m]), len(holding), agents, turn, e in used[m]))

    columns = counted.run, counted.messages, counted.agents, counted.turn, counted.adopted
    assert sorted(zip(*(column.tolist() for column in columns), strict=True)) == sorted(expected)


def test_of_many_expressions_some_are_drawn_from_each_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adoption, "EXPRESSIONS", 5)
    cut, found = crowd()
    uses = drawn_uses(cut, found, NOTHING, rng())
    runs = found.run[uses.message]

    assert uses.expressions == 15
    assert [len(set(uses.expression[runs == run].tolist())) for run in range(3)] == [5, 5, 5]


def test_of_many_pairs_some_periods_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    _, found = crowd(runs=40)
    every = seen_pairs(found, rng())
    monkeypatch.setattr(adoption, "MOST_PAIRS", len(every[0]) // 4)
    some = seen_pairs(found, rng())

    assert len(every[0]) / 8 < len(some[0]) < len(every[0]) / 2
    assert set(zip(*some, strict=True)) <= set(zip(*every, strict=True))
    # A period is drawn or left out as a whole.
    sizes = np.bincount(every[0], minlength=len(found.run))
    kept = np.bincount(some[0], minlength=len(found.run))
    assert set(kept[kept > 0] - sizes[kept > 0]) == {0}


def test_nothing_said_gives_no_periods() -> None:
    empty = said([])

    assert len(periods(words([]), empty, NOTHING, rng()).run) == 0


def test_one_agent_alone_adopts_nothing() -> None:
    alone = said([(0, 0, 0, ""), (0, 0, 1, "0"), (0, 0, 2, "0-1")])

    assert len(periods(words(["we ship on monday"] * 3), alone, NOTHING, rng()).run) == 0


def test_distinct_keys_are_those_of_numpy() -> None:
    keys = rng().integers(0, 50, 200)

    assert distinct(keys).tolist() == np.unique(keys).tolist()
    assert distinct(np.empty(0, dtype=np.intp)).tolist() == []
