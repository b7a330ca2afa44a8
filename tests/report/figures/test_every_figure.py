"""What holds of all figures, whatever they show."""

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest

from mascope.report import Report
from mascope.report.figures import CONFIGS, FIGURES, Figure, NotDrawn, draw, spec
from mascope.report.figures.files import svg
from mascope.report.figures.theme import COLOURS, DASHES, colours, dashes
from tests.report.figures.conftest import Tables, drawn, parts, values

NAMES = [name for name in FIGURES if name != "power"]
POSITIONS = ("x", "y")
HOSTILE = ["<script>alert(1)</script>", "a\u202eb\nc", "x" * 500, "y" * 80 + "1", "y" * 80 + "2"]


def test_a_study_with_everything_has_every_figure(whole: Report) -> None:
    found = draw(whole)

    assert [figure.name for figure in found] == list(FIGURES)
    assert [figure.name for figure in found if isinstance(figure, NotDrawn)] == ["power"]


def test_simulated_stands_in_every_title_and_in_the_specification(whole: Report) -> None:
    figures = [figure for figure in draw(whole) if isinstance(figure, Figure)]

    assert all(figure.title.startswith("SIMULATED: ") for figure in figures)
    assert all("SIMULATED: " in json.dumps(spec(figure)["title"]) for figure in figures)


def test_a_study_of_real_models_is_not_called_simulated(whole: Report) -> None:
    real = replace(whole, summary=replace(whole.summary, simulated=False))

    assert not any(figure.title.startswith("SIMULATED") for figure in draw(real))


def test_figures_are_drawn_once_for_all_renderers(whole: Report) -> None:
    assert draw(whole) is draw(whole)


@pytest.mark.parametrize("name", FIGURES)
def test_without_any_table_there_is_a_reason_and_no_figure(name: str) -> None:
    found = FIGURES[name]({})

    assert isinstance(found, NotDrawn)
    assert found.reason.endswith(".")


@pytest.mark.parametrize("name", FIGURES)
def test_with_empty_tables_there_is_a_reason_and_no_figure(name: str, tables: Tables) -> None:
    empty = {key: replace(table, frame=table.frame.iloc[:0]) for key, table in tables.items()}

    assert isinstance(FIGURES[name](empty), NotDrawn)


@pytest.mark.parametrize("name", NAMES)
def test_the_first_row_of_each_table_is_enough_or_there_is_a_reason(name: str, tables: Tables) -> None:
    short = {key: replace(table, frame=table.frame.head(1)) for key, table in tables.items()}

    found = FIGURES[name](short)

    assert isinstance(found, NotDrawn) or svg(found).startswith("<svg")


@pytest.mark.parametrize("name", NAMES)
def test_undefined_numbers_are_null(name: str, tables: Tables) -> None:
    frames = {key: replace(table, frame=_with_gaps(table.frame)) for key, table in tables.items()}

    found = FIGURES[name](frames)

    if isinstance(found, Figure):
        json.dumps(spec(found), allow_nan=False)
        assert svg(found).startswith("<svg")


def _with_gaps(frame: pd.DataFrame) -> pd.DataFrame:
    """Every other row without its floats."""
    floats = frame.select_dtypes("float").columns
    return frame.assign(**{name: frame[name].where(frame.index % 2 == 0) for name in floats})


@pytest.mark.parametrize("name", NAMES)
def test_no_axis_of_numbers_is_cut(name: str, tables: Tables) -> None:
    made = spec(drawn(name, tables))

    scales = [
        channel.get("scale", {})
        for encoding in parts(made, "encoding")
        for position in POSITIONS
        if (channel := encoding.get(position, {})).get("type") == "quantitative" and channel.get("scale")
    ]
    numbers = [scale for scale in scales if "round" not in scale]
    assert all(scale.get("zero") is True or scale["domain"][0] <= 0 for scale in numbers)


@pytest.mark.parametrize("name", NAMES)
def test_a_specification_leaves_colours_of_text_and_ground_to_the_theme(name: str, tables: Tables) -> None:
    made = spec(drawn(name, tables))

    assert "config" not in made
    assert not parts(made, "background")
    assert not [title for title in parts(made, "title") if isinstance(title, dict) and "color" in title]


@pytest.mark.parametrize("name", NAMES)
def test_a_caption_says_what_n_is_and_which_tables_it_shows(name: str, tables: Tables) -> None:
    figure = drawn(name, tables)

    assert figure.caption.endswith(".")
    assert set(figure.tables) <= set(tables)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("column", ["agent", "series", "flag"])
def test_names_that_a_model_made_up_are_text_and_short(name: str, column: str, tables: Tables) -> None:
    frames = {key: replace(table, frame=_renamed(table.frame, column)) for key, table in tables.items()}

    found = FIGURES[name](frames)

    if isinstance(found, Figure):
        text = json.dumps(spec(found), ensure_ascii=False)
        assert "\u202e" not in text
        drawing = svg(found)
        assert "<script" not in drawing
        assert "x" * 400 not in drawing


def _renamed(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    names = {
        "agent": ("agent", "source", "target"),
        "series": ("series", "series_a", "series_b"),
        "flag": ("flag",),
    }[column]  # fmt: skip
    known = dict.fromkeys(str(value) for name in names if name in frame for value in frame[name])
    count = len(HOSTILE)
    called = {old: HOSTILE[place % count] + str(place // count) for place, old in enumerate(known)}
    return frame.assign(**{name: frame[name].astype(str).map(called) for name in names if name in frame})


def test_one_panel_fills_its_container_and_several_keep_their_width(tables: Tables) -> None:
    single, several = spec(drawn("similarity", tables)), spec(drawn("profiles", tables))

    assert single["width"] == "container"
    assert "facet" in several
    assert several.get("width") is None


def test_many_series_are_drawn_up_to_a_limit_that_is_told(
    changed: Callable[..., Tables], tables: Tables
) -> None:
    profiles = tables["profiles"].frame
    one = profiles[profiles["series"] == "mixed"]
    many = pd.concat([one.assign(series=f"S{number}") for number in range(30)], ignore_index=True)

    figure = drawn("profiles", changed(profiles=many))

    assert "The first 24 of 30 series are drawn." in figure.caption
    assert len({row["panel"] for row in values(figure)}) == 24


def test_categories_differ_in_colour_and_dash_long_after_the_colours_repeat() -> None:
    count = len(COLOURS) * len(DASHES)

    pairs = {(colour, tuple(dash)) for colour, dash in zip(colours(count), dashes(count), strict=True)}
    assert len(pairs) == count
    assert all(a != b for a, b in pairwise(colours(count)))


@pytest.mark.parametrize(("theme", "ground"), [("light", "#ffffff"), ("dark", "#0d1117")])
def test_text_has_the_contrast_that_readers_need(theme: str, ground: str) -> None:
    config: dict[str, Any] = dict(CONFIGS[theme])

    for part in ("axis", "header", "legend"):
        assert _contrast(config[part]["labelColor"], ground) >= 4.5
    assert _contrast(config["title"]["color"], ground) >= 4.5


def _contrast(one: str, other: str) -> float:
    """WCAG 2.2, relative luminance."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
