"""The published transcripts and codes, from import to tables, by the commands that a user gives."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

KAPPAS = {
    ("human", "gemini"): [0.885, 0.590, 0.786, 0.828, 0.779, 0.437, 0.718],
    ("human", "sonnet"): [0.939, 0.545, 0.736, 0.730, 0.856, 0.437, 0.707],
    ("gemini", "sonnet"): [0.939, 0.837, 0.727, 0.779, 0.827, 1.000, 0.851],
}
"""As printed with the data: PHATIC, META, LEAD, ARCH, AGREE, COMP, and their mean."""


def mascope(*arguments: str | Path) -> str:
    command = [sys.executable, "-m", "mascope", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def results(warroom: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("published") / "warroom"
    mascope("import", "warroom", warroom / "transcripts", "--out", out)
    for coder in ("human", "gemini", "sonnet"):
        codes = warroom / "human_coding.csv"
        said = mascope("import", "codes", codes, out, "--prefix", f"{coder}_", "--coder", coder)
        assert "245 rows, 245 messages coded" in said
    return out


@pytest.fixture(scope="module")
def report(results: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(mascope("report", results, "--json"))
    return found


def test_every_published_message_is_there(results: Path, report: dict[str, Any]) -> None:
    messages = pd.read_csv(results / "tables" / "messages.csv")
    runs = pd.read_csv(results / "tables" / "runs.csv")

    counts = {"A": 1506, "B": 1074, "C": 1558, "F": 144, "K3": 1082}
    assert messages["series"].value_counts().to_dict() == counts
    assert (len(runs), int(runs["messages"].sum())) == (99, 5364)


@pytest.mark.parametrize("pair", KAPPAS)
def test_the_published_kappas_come_out_to_the_printed_digit(results: Path, pair: tuple[str, str]) -> None:
    table = pd.read_csv(results / "tables" / "agreement.csv")

    rows = table[(table["coder_a"] == pair[0]) & (table["coder_b"] == pair[1])]
    assert list(rows["flag"]) == ["PHATIC", "META", "LEAD", "ARCH", "AGREE", "COMP", "mean"]
    assert [round(kappa, 3) for kappa in rows["kappa"]] == KAPPAS[pair]
    assert set(rows["n"]) == {245}


def test_the_lost_turns_of_the_study_are_failures_not_messages(results: Path) -> None:
    runs = pd.read_csv(results / "tables" / "runs.csv")

    lost = runs.groupby("series")["failures_organic"].sum()
    assert lost["B"] == 204
    assert runs["failures_injected"].sum() == 0


def test_every_table_is_written_in_every_format(results: Path, report: dict[str, Any]) -> None:
    names = [
        "runs",
        "messages",
        "agreement",
        "profiles",
        "similarity",
        "series",
        "differentiation",
        "contrasts",
    ]

    for name in names:
        assert (results / "tables" / f"{name}.csv").is_file()
        assert len(pd.read_parquet(results / "tables" / f"{name}.parquet").columns) > 5
    assert "5 series, 99 runs, 5364 coded messages" in (results / "report" / "report.md").read_text()


def test_the_same_import_again_changes_nothing(results: Path, warroom: Path) -> None:
    journals = {file: file.read_bytes() for file in results.glob("runs/*/*.jsonl")}

    mascope("import", "warroom", warroom / "transcripts", "--out", results)

    assert {file: file.read_bytes() for file in results.glob("runs/*/*.jsonl")} == journals
