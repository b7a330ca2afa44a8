"""What the new tables find in published transcripts."""

import pandas as pd
import pytest

from mascope.stats.audit import confounds
from mascope.tables.adoption import adoption_table
from mascope.tables.analysis import Analysis
from mascope.tables.audit import audit_table
from mascope.tables.compensation import compensation_table
from mascope.tables.convergence import convergence_table, temporal_table
from mascope.tables.structure import network_table
from mascope.tables.table import Table
from mascope.tables.takeover import takeover_table
from mascope.tables.text import text_table


def values(table: Table, measure: str) -> "pd.Series[float]":
    rows = table.frame[table.frame["measure"] == measure]
    return rows.set_index("series")["value"]


@pytest.fixture(scope="module")
def audited(published: Analysis) -> pd.DataFrame:
    return audit_table(published).frame


@pytest.fixture(scope="module")
def network(published: Analysis) -> Table:
    return network_table(published)


def rate(audited: pd.DataFrame, series: str, measure: str, detail: str = "") -> float:
    rows = audited.set_index(["series", "measure", "detail"])["rate"]
    return float(rows[series, measure, detail])


def test_lost_turns_of_the_published_series_are_found(audited: pd.DataFrame) -> None:
    counts = audited.set_index(["series", "measure", "detail"])["count"]

    assert counts["B", "failures_organic", "rate_limit"] == 204
    assert counts["A", "lost_turns", "kimi"] == 231 - 124
    assert rate(audited, "A", "lost_turns", "deepseek") == 1
    assert rate(audited, "A", "silent_agents") == 1
    assert rate(audited, "B", "silent_agents") == 0


def test_notices_that_told_model_names_are_found(audited: pd.DataFrame) -> None:
    counts = audited.set_index(["series", "measure", "detail"])["count"]

    assert (
        counts["A", "failures_organic", "not_found"] == counts["C", "failures_organic", "not_found"] == 2 * 21
    )
    assert rate(audited, "A", "notices_with_model") == rate(audited, "A", "notices") > 2
    assert ("C", "notices_with_model", "") not in counts.index
    assert rate(audited, "A", "name_leaks") > 0


def test_what_each_agent_saw_was_not_recorded(audited: pd.DataFrame) -> None:
    assert [rate(audited, series, "prompt_unknown") for series in ("A", "B", "C")] == [1, 1, 1]


def test_mentions_with_another_hyphen_are_found_and_counted(audited: pd.DataFrame) -> None:
    # Agent-B with U+2011 is in 414 messages of these series; a search for Agent-B would miss them.
    counts = audited.set_index(["series", "measure", "detail"])["count"]

    assert counts["A", "other_spellings", ""] > 100
    assert rate(audited, "A", "other_spellings") > 0.2


def test_each_series_by_itself_raises_what_went_wrong_in_it(published: Analysis) -> None:
    notes = {note.partition(":")[0]: note for note in audit_table(published).notes}

    everywhere = ("turns lost", "turns lost to organic failures", "peer's voice", "is not recorded 100.0%")
    for series in ("A", "B", "C"):
        assert all(said in notes[series] for said in everywhere), series
    assert "empty answers" in notes["A"]
    assert "empty answers" in notes["C"]
    assert "notices that leak a model's name" in notes["A"]
    assert "begin with the own name" in notes["B"]
    assert "leak think tags" in notes["F"]


def test_a_mixed_and_a_cloned_series_differ_in_more_than_composition(audited: pd.DataFrame) -> None:
    said = "\n".join(confounds(audited, "A", "B"))

    for found in (
        "names: Agent-A, Agent-B … Agent-H in A, Alpha, Bravo … Hotel in B",
        "turns lost to organic failures (rate_limit)",
        "failure notices shown",
        "agents that never spoke: 1 a run in A, 0 a run in B",
        "rounds: 11 a run in A, 8 a run in B",
        "begin with the own name",
        "in a peer's voice",
    ):
        assert found in said


def test_a_neutral_and_a_named_series_differ_in_the_turns_that_one_model_lost(audited: pd.DataFrame) -> None:
    assert any(said.startswith("turns lost (kimi): 46.3% in A") for said in confounds(audited, "A", "C"))


def test_a_series_differs_from_itself_in_nothing(audited: pd.DataFrame) -> None:
    assert confounds(audited, "A", "A") == ()


def test_few_are_named_most_where_no_prompt_says_who_is_there(network: Table) -> None:
    named = values(network, "in_gini")

    assert named["B"] < named["A"] < named["C"] < named["K3"]


def test_clones_share_the_floor_most_equally(network: Table) -> None:
    words = values(network, "words_gini")

    assert words.idxmin() == "B"


def test_agents_alone_name_nobody(network: Table) -> None:
    rows = network.frame[(network.frame["series"] == "F") & (network.frame["measure"] == "reciprocity")]

    assert values(network, "density")["F"] == 0
    assert rows["note"].tolist() == ["no run has it: it needs an agent that names another"]


def test_models_are_told_apart_by_text_alone_and_clones_hardly(published: Analysis) -> None:
    told = values(text_table(published), "attribution")

    assert told["F"] > told["A"] > 0.6
    assert 0.2 < told["B"] < 0.35


def test_clones_write_more_alike_than_models(published: Analysis) -> None:
    table = convergence_table(published)

    for measure in ("lexical_homogeneity", "semantic_homogeneity", "style_matching"):
        assert values(table, measure).idxmax() == "B", measure
    rounds = temporal_table(published).frame
    assert rounds.loc[rounds["series"] == "A", "round"].max() == 10


def test_every_structural_measure_stands_beside_its_null(network: Table) -> None:
    frame = network.frame[network.frame["value"].notna() & (network.frame["series"] != "F")]
    without = set(frame.loc[frame["null"].isna(), "measure"])

    assert without == {"broadcasts"}


def test_runs_converge_on_themselves_and_not_just_on_the_task(published: Analysis) -> None:
    frame = convergence_table(published).frame
    alike = frame[(frame["measure"] == "semantic_homogeneity") & frame["series"].isin(["A", "B", "C"])]
    slopes = frame[frame["measure"].str.endswith("_slope") & frame["value"].notna()]

    assert (alike["value"] > alike["null"]).all()
    assert slopes["null"].notna().all()


def test_what_others_bring_up_is_taken_over_the_more_it_is_seen(published: Analysis) -> None:
    found = values(adoption_table(published), "seen_effect")
    hazard = values(adoption_table(published), "hazard")

    assert (found[["A", "B", "C", "K3"]] > 0.5).all()
    assert hazard["B"] > 3 * hazard["A"]  # clones take over each other's words


def test_who_was_never_there_leaves_nothing_to_take_over(published: Analysis) -> None:
    frame = takeover_table(published).frame
    mixed = frame[(frame["series"] == "A") & (frame["agent"] == "")]

    assert set(mixed["absent"]) == {"deepseek"}
    assert (mixed["runs"] == 0).all()


def test_without_codes_of_compensation_there_is_no_table_of_it(published: Analysis) -> None:
    table = compensation_table(published)

    assert table.frame.empty
    assert "Nobody coded" in table.notes[0]
