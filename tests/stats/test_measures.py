import numpy as np
import pandas as pd
import pytest

from mascope.stats.measures import MEASURES, run_measures
from mascope.stats.similarity import similarity

FLAGS = ["PHATIC", "ARCH", "COMP"]
TRAITS = ["PHATIC", "ARCH"]


def labels() -> pd.DataFrame:
    rows = [
        ("B", "r1", "x", 1, 0, 1), ("B", "r1", "y", 1, 1, 0), ("B", "r1", "y", 0, 0, np.nan),
        ("A", "r2", "x", 0, 0, 0), ("A", "r2", "x", np.nan, 1, 1),
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["series", "run", "agent", *FLAGS])
    return frame.assign(message=range(len(rows)), round=0, position=0).astype(dict.fromkeys(FLAGS, float))


def test_every_measure_has_one_value_a_run() -> None:
    found = run_measures(labels(), FLAGS, TRAITS)

    assert found.columns.tolist() == ["run", "series", *MEASURES, *FLAGS]
    assert found[["series", "run"]].to_numpy().tolist() == [["B", "r1"], ["A", "r2"]]
    assert found["messages"].tolist() == [3, 2]
    assert found["any_trait"].tolist() == pytest.approx([2 / 3, 0])
    assert found["PHATIC"].tolist() == pytest.approx([2 / 3, 0])
    assert found["COMP"].tolist() == pytest.approx([1 / 2, 1 / 2])


def test_the_similarity_of_a_run_is_that_of_its_table() -> None:
    found = run_measures(labels(), FLAGS, TRAITS)

    assert found["similarity"].to_numpy() == pytest.approx(
        similarity(labels(), TRAITS)["cosine"].to_numpy(), nan_ok=True
    )


def test_the_order_of_messages_does_not_matter() -> None:
    shuffled = run_measures(labels().iloc[[4, 1, 3, 0, 2]], FLAGS, TRAITS, ["B", "A"])

    pd.testing.assert_frame_equal(shuffled, run_measures(labels(), FLAGS, TRAITS))


def test_no_messages_give_no_measures() -> None:
    assert len(run_measures(labels().iloc[:0], FLAGS, TRAITS)) == 0
