"""`report/figures/`: whole files that paper, page and browser can read."""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

from mascope.report import Report
from mascope.report.figures import Figure, draw, write_figures
from mascope.store.layout import Results

MAGIC = {".svg": b"<svg", ".png": b"\x89PNG\r\n\x1a\n", ".pdf": b"%PDF-"}


def test_every_figure_is_there_in_three_formats(whole: Report, tmp_path: Path) -> None:
    files = write_figures(whole, Results(tmp_path))

    names = [figure.name for figure in draw(whole) if isinstance(figure, Figure)]
    assert {file.name for file in files} == {f"{name}{ending}" for name in names for ending in MAGIC}
    assert {file.parent for file in files} == {tmp_path / "report" / "figures"}
    assert all(file.read_bytes().startswith(MAGIC[file.suffix]) for file in files)
    assert not list(tmp_path.rglob("*.part"))


def test_a_drawing_says_what_it_is_by_itself(whole: Report, tmp_path: Path) -> None:
    write_figures(whole, Results(tmp_path))

    drawing = ElementTree.parse(tmp_path / "report" / "figures" / "similarity.svg")  # noqa: S314 - our own file
    text = " ".join(drawing.getroot().itertext())
    assert "SIMULATED: Similarity of the agents, by run" in text
    assert "central 95%" in text


def test_a_figure_that_cannot_be_drawn_any_more_is_taken_away(whole: Report, tmp_path: Path) -> None:
    results = Results(tmp_path)
    write_figures(whole, results)

    write_figures(replace(whole, tables=()), results)

    assert not list((tmp_path / "report" / "figures").iterdir())
