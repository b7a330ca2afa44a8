"""docs/reanalysis.md, where the published data are: `python -m tests.docs.reanalysis DATA` writes it anew.

Its commands are given as on any page; its tables between marks are made here, from the same results.
"""

import re
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from mascope.pipeline.reporting import Options, analyse
from mascope.store.layout import Results
from mascope.tables.adoption import adoption_table
from mascope.tables.compensation import compensation_table
from mascope.tables.differentiation import differentiation_table, series_table
from mascope.tables.humans import accuracy_table
from mascope.tables.structure import network_table
from mascope.tables.table import Table
from tests.docs.pages import ROOT, Output, agree, cut_as, outputs, prepared

PAGE = ROOT / "docs" / "reanalysis.md"
NEEDS, DONE = "<!-- needs: warroom -->", "<!-- exit: 0 -->"
FLAGS = ("PHATIC", "META", "LEAD", "ARCH", "AGREE")
SIMILARITY = {"A": ".56", "B": ".85", "C": ".77", "K3": ".89"}
STATISTICS = {"PHATIC": "46.60", "META": "18.13", "LEAD": "28.97", "ARCH": "24.47", "AGREE": "44.52"}
TRAITS = {"A": "64.3%", "F": "4.2%"}


def placed(folder: Path, data: Path) -> Path:
    """A directory such as the page speaks of."""
    prepared(folder)
    (folder / "warroom").symlink_to(data)
    return folder


def shown(page: str, folder: Path) -> list[Output]:
    """What the page's commands print, with the data in place."""
    return list(outputs(page.replace(NEEDS, DONE), folder))


def tables(results: Path) -> Mapping[str, str]:
    """The tables between marks, by the marks' names."""
    made: Mapping[str, Callable[[Results], list[list[str]]]] = {
        "labels": _labels, "compared": _compared, "structure": _structure,
    }  # fmt: skip
    return {name: _markdown(make(Results(results))) for name, make in made.items()}


def between(page: str, name: str) -> str:
    return page.partition(f"<!-- {name}: begin -->\n")[2].partition(f"<!-- {name}: end -->")[0]


def _labels(results: Results) -> list[list[str]]:
    """Kappa of the labels with the human, by how they are adjudicated."""
    rows = [["kappa with the human", *FLAGS, "COMP", "mean"]]
    for labels in ("intersection", "union"):
        frame = accuracy_table(analyse(results, Options(labels, ("gemini", "sonnet"), resamples=100))).frame
        kappa = frame[frame["labels"] == labels].set_index("flag")["kappa"]
        values = [float(kappa[flag]) for flag in (*FLAGS, "COMP")]
        rows.append([labels, *(_share(value) for value in (*values, sum(values) / len(values)))])
    return rows


def _compared(results: Results) -> list[list[str]]:
    analysis = analyse(results, Options(coders=("rules",)))
    series = series_table(analysis).frame.set_index("series")
    tests = differentiation_table(analysis).frame
    rows = [["", "published", "by the rules"]]
    for name, value in SIMILARITY.items():
        row = series.loc[name].to_dict()
        found = f"{_share(row['cosine'])} [{_share(row['low'])}, {_share(row['high'])}]"
        rows.append([f"similarity, {name}", value, found])
    for name, value in TRAITS.items():
        rows.append([f"messages with any trait, {name}", value, f"{series['any_trait'][name]:.1%}"])
    mixed = tests[tests["series"] == "A"].set_index("flag")["H"]
    rows += [[f"Kruskal–Wallis H in A, {flag}", STATISTICS[flag], f"{mixed[flag]:.2f}"] for flag in FLAGS]
    events = compensation_table(analysis).frame.set_index("series").loc["A"]
    levels = ", ".join(f"{level} {events[level]}" for level in ("L1", "L2", "L3"))
    said = f"{events['events']} in {events['runs_with']} of {events['runs']} runs ({levels})"
    rows.append(["events of compensation, A", "13 in 6 of 21 runs (L1 8, L2 2, L3 3)", said])
    return rows


def _structure(results: Results) -> list[list[str]]:
    analysis = analyse(results, Options(coders=("rules",)))
    network, adoption = network_table(analysis), adoption_table(analysis)
    measures = {
        "Gini of mentions received": (network, "in_gini"),
        "Gini of words": (network, "words_gini"),
        "adoptions per exposed turn": (adoption, "hazard"),
        "log odds a doubling of exposure": (adoption, "seen_effect"),
    }
    rows = [["", *SIMILARITY]]
    for label, (table, measure) in measures.items():
        rows.append([label, *(_number(_values(table, measure)[name]) for name in SIMILARITY)])
    return rows


def _values(table: Table, measure: str) -> "pd.Series[float]":
    rows = table.frame[table.frame["measure"] == measure]
    return rows.set_index("series")["value"]


def _share(value: float) -> str:
    return f"{value:.3f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.3f}"


def _number(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 0.1 else f"{value:.3f}"


def _markdown(rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]]) + "\n"


def refreshed(page: str, folder: Path) -> str:
    """The page with its outputs and tables as they are now."""
    page = page.replace(NEEDS, DONE)
    for found in reversed(list(outputs(page, folder))):
        if not agree(found.shown, found.printed):
            start, end = found.span
            page = f"{page[:start]}{cut_as(found.shown, found.printed)}\n{page[end:]}"
    for name, table in tables(folder / "results" / "warroom").items():
        marks = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
        page = re.sub(f"{marks[0]}.*?{marks[1]}", f"{marks[0]}{table}{marks[1]}", page, flags=re.DOTALL)
    return page.replace(DONE, NEEDS)


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as temporary:
        PAGE.write_text(
            refreshed(text, placed(Path(temporary), Path(sys.argv[1]).resolve())), encoding="utf-8"
        )
