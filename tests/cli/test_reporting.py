"""`mascope report` and `mascope power`, as a person or a script gives them."""

import csv
import io
import json
import re
import shutil
from pathlib import Path

import pytest

from mascope.report.latex import _ESCAPES
from tests.rehearsed import mascope

UNKNOWN = 2


@pytest.fixture(scope="module")
def reported(rehearsed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = tmp_path_factory.mktemp("reported") / "tea"
    shutil.copytree(rehearsed, results)
    done = mascope("report", results)
    assert done.returncode == 0, done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "\x1b" not in done.stdout
    return results


def test_a_report_leaves_tables_figures_methods_and_latex(reported: Path) -> None:
    report = reported / "report"

    for name in ("report.md", "methods.md", "figures/similarity.svg", "tables/contrasts.tex"):
        assert (report / name).is_file()
    text = (report / "report.md").read_text()
    assert all((report / link).is_file() for link in re.findall(r"\((figures/\w+\.svg)\)", text))


def test_one_table_is_printed_as_csv_with_every_column(reported: Path) -> None:
    done = mascope("report", reported, "--only", "contrasts", "--format", "csv")

    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["hypothesis"] for row in rows] == ["composition", "isolation"]
    assert done.stdout == (reported / "tables" / "contrasts.csv").read_text()
    assert {row["simulated"] for row in rows} == {"True"}


def test_one_table_is_printed_as_latex_as_it_is_in_the_file(reported: Path) -> None:
    done = mascope("report", reported, "--only", "contrasts", "--format", "latex")

    assert done.stdout == (reported / "report" / "tables" / "contrasts.tex").read_text()
    assert r"\caption{SIMULATED: Hypotheses}" in done.stdout
    assert "test: Mann-Whitney" in done.stdout
    assert r"{n\_a} & {n\_b}" in done.stdout


def test_one_table_is_printed_as_markdown_and_json(reported: Path) -> None:
    markdown = mascope("report", reported, "--only", "series", "--format", "markdown").stdout
    data = json.loads(mascope("report", reported, "--only", "series", "--format", "json").stdout)

    assert markdown.startswith("## SIMULATED: Series\n\n| series | labels |")
    assert [row["series"] for row in data["tables"][0]["rows"]] == ["mixed", "real", "clones", "alone"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--only", "series", "--format", "latx"), "did you mean 'latex'"),
        (("--format", "csv"), "print one, as --only contrasts"),
        (("--only", "series,runs", "--format", "csv"), "print one"),
    ],
)
def test_a_format_that_cannot_be_is_refused_before_the_work(
    reported: Path, arguments: tuple[str, ...], problem: str
) -> None:
    done = mascope("report", reported, *arguments)

    assert done.returncode == UNKNOWN
    assert problem in done.stderr
    assert done.stdout == ""


def _latex(reported: Path) -> list[Path]:
    return sorted((reported / "report" / "tables").glob("*.tex"))


def test_every_latex_table_is_balanced_and_has_as_many_cells_as_columns(reported: Path) -> None:
    files = _latex(reported)

    assert len(files) > 20
    for file in files:
        text = file.read_text()
        bare = re.sub(r"\\[{}\\&%$#_]", "", text)
        assert bare.count("{") == bare.count("}"), file
        columns = re.search(r"\\begin\{tabular\}\{(.*)\}\n", text)
        assert columns is not None
        specs = re.findall(r"S\[table-format=-?\d+(?:\.\d+)?\]|p\{\d+mm\}|[lr]", columns[1])
        assert " ".join(specs) == columns[1]
        for row in _rows(text):
            assert len(re.split(r"(?<!\\)&", row)) == len(specs), (file, row)


def test_every_number_of_an_s_column_is_one_or_stands_in_braces(reported: Path) -> None:
    for file in _latex(reported):
        text = file.read_text()
        specs = re.findall(r"S\[[^]]*\]|p\{\d+mm\}|[lr]", text.split("\\begin{tabular}{")[1].split("\n")[0])
        header, *rows = _rows(text)
        assert all(cell.strip().startswith("{") for cell in re.split(r"(?<!\\)&", header))
        for row in rows:
            cells = [cell.strip() for cell in re.split(r"(?<!\\)&", row)]
            for spec, cell in zip(specs, cells, strict=True):
                if spec.startswith("S"):
                    assert re.fullmatch(r"-?\d+(\.\d+)?|\{.*\}", cell), (file, cell)


def test_latex_holds_no_command_that_the_renderer_does_not_write(reported: Path) -> None:
    known = (
        "begin|end|centering|caption|label|footnotesize|small|setlength|tabcolsep|toprule|midrule|bottomrule"
    )
    known += "|par|smallskip|usepackage|"
    known += "|".join(
        re.escape(name) for text in _ESCAPES.values() for name in re.findall(r"[a-z]+\d*", text)
    )

    for file in _latex(reported):
        commands = set(re.findall(r"(?<!\\)\\([a-zA-Z]+)", file.read_text()))
        assert not {name for name in commands if not re.fullmatch(known, name)}, file


def _rows(text: str) -> list[str]:
    inside = text.partition("\\toprule\n")[2].partition("\\bottomrule")[0]
    return [line.removesuffix(" \\\\") for line in inside.splitlines() if line not in ("\\midrule", "")]


def test_power_can_be_drawn_and_kept_for_the_report(reported: Path, tmp_path: Path) -> None:
    study, drawing = reported / "study.yaml", tmp_path / "power.svg"
    done = mascope(
        "power", study, "--simulations", "100", "--runs", "3,6", "--figure", drawing, "--keep", reported
    )

    assert done.returncode == 0, done.stderr
    assert "SIMULATED: Power by runs per series" in drawing.read_text()
    rows = list(
        csv.DictReader(io.StringIO(mascope("report", reported, "--only", "power", "--format", "csv").stdout))
    )
    assert [(row["hypothesis"], row["runs"]) for row in rows] == [
        ("composition", "3"), ("composition", "6"), ("isolation", "3"), ("isolation", "6"),
    ]  # fmt: skip


def test_power_says_before_the_work_where_it_cannot_leave_its_curves(reported: Path, tmp_path: Path) -> None:
    wrong = mascope("power", reported / "study.yaml", "--figure", tmp_path / "power.gif")
    nowhere = mascope("power", reported / "study.yaml", "--keep", tmp_path)

    assert (wrong.returncode, nowhere.returncode) == (UNKNOWN, UNKNOWN)
    assert "must end in one of .pdf, .png, .svg" in wrong.stderr
    assert "holds no results" in nowhere.stderr
