from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import pytest

from mascope.stats.mentions import Mentions, mentions, rewired, scattered
from mascope.stats.network import gini
from mascope.stats.resampling import Floats

Shuffle = Callable[[Mentions, np.random.Generator, int], Iterator[Floats]]


def cast(run: str, *agents: str, series: str = "A") -> pd.DataFrame:
    return pd.DataFrame({"run": run, "series": series, "agent": agents})


def said(*rows: tuple[str, str, int, tuple[str, ...], bool]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["run", "agent", "round", "mentions", "broadcast"])


def busy(runs: int = 5, messages: int = 60) -> Mentions:
    generator = np.random.default_rng(11)
    agents = [f"a{n}" for n in range(6)]
    rows = []
    for run in range(runs):
        for _ in range(messages):
            speaker = int(generator.integers(6))
            named = [agents[n] for n in range(6) if n != speaker and generator.random() < 0.25 / (n + 1)]
            rows.append((f"r{run}", agents[speaker], int(generator.integers(4)), tuple(named), False))
    return mentions(said(*rows), pd.concat([cast(f"r{run}", *agents) for run in range(runs)]))


def test_mentions_become_a_graph_without_broadcasts() -> None:
    messages = said(
        ("r1", "x", 0, ("y", "z"), False),
        ("r1", "y", 0, ("x",), False),
        ("r1", "x", 1, ("y",), False),
        ("r1", "z", 1, ("x", "y"), True),
    )
    found = mentions(messages, cast("r1", "x", "y", "z"))

    assert found.graphs().tolist() == [[[0, 2, 1], [1, 0, 0], [0, 0, 0]]]
    assert found.by_round()[0].sum(axis=(1, 2)).tolist() == [3, 1]


def test_oneself_and_strangers_are_not_named() -> None:
    messages = said(("r1", "x", 0, ("x", "stranger"), False), ("r9", "x", 0, ("y",), False))
    found = mentions(messages, cast("r1", "x", "y"))

    assert found.graphs().sum() == 0


def test_runs_of_different_size_share_an_array() -> None:
    agents = pd.concat([cast("r1", "x", "y"), cast("r2", "x", "y", "z", series="B")])
    found = mentions(said(("r2", "z", 0, ("x",), False)), agents)

    assert found.present.tolist() == [[True, True, False], [True, True, True]]
    assert found.series == ("A", "B")
    assert found.graphs()[1, 2, 0] == 1


def test_nothing_said_is_an_empty_graph() -> None:
    found = mentions(said(), cast("r1", "x", "y"))

    assert found.graphs().tolist() == [[[0, 0], [0, 0]]]
    assert len(next(rewired(found, np.random.default_rng(0), 3))) == 3


def test_rewiring_keeps_how_often_each_agent_names_and_is_named() -> None:
    found = busy()
    before = found.graphs()
    after = np.concatenate(list(rewired(found, np.random.default_rng(1), 50)))

    assert (after.sum(axis=-1) == before.sum(axis=-1)).all()
    assert (after.sum(axis=-2) == before.sum(axis=-2)).all()
    assert np.einsum("prii->", after) == 0
    assert (after != before).any(axis=(2, 3)).mean() > 0.99


@pytest.mark.parametrize("shuffle", [rewired, scattered])
def test_a_shuffled_message_names_nobody_twice(shuffle: Shuffle) -> None:
    # Each agent says one message a run: then no edge of the graph can be heavier than 1.
    everybody = [f"a{n}" for n in range(6)]
    rows = [
        (f"r{run}", agent, 0, tuple((everybody * 2)[place + 1 : place + 3 + run % 2]), False)
        for run in range(6) for place, agent in enumerate(everybody)
    ]  # fmt: skip
    found = mentions(said(*rows), pd.concat([cast(f"r{run}", *everybody) for run in range(6)]))
    after = np.concatenate(list(shuffle(found, np.random.default_rng(1), 50)))

    assert found.most == 3
    assert after.max() == 1
    assert (after.sum(axis=-1) == found.graphs().sum(axis=-1)).all()


def test_who_cannot_be_parted_stays() -> None:
    # All that both say names the other: there is no other graph, and no draw may end in a loop.
    found = mentions(said(("r1", "x", 0, ("y",), False), ("r1", "y", 0, ("x",), False)), cast("r1", "x", "y"))
    after = np.concatenate(list(rewired(found, np.random.default_rng(1), 20)))

    assert (after == found.graphs()).all()


def test_scattering_spreads_mentions_over_all_others_alike() -> None:
    found = busy()
    before = found.graphs()
    after = np.concatenate(list(scattered(found, np.random.default_rng(1), 200)))

    assert (after.sum(axis=-1) == before.sum(axis=-1)).all()
    assert np.einsum("prii->", after) == 0
    expected = before.sum(axis=-1)[:, :, np.newaxis] / 5 * (1 - np.eye(6))
    assert after.mean(axis=0) == pytest.approx(expected, abs=0.8)
    assert gini(after.sum(axis=-2)).mean() < gini(before.sum(axis=-2)).mean()
