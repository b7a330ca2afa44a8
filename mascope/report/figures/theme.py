"""How figures look: palettes that colour-blind readers and grey printers can tell apart, and two themes.

Colours of categories are Okabe and Ito's (2008), without the black and the yellow that vanish on a dark or a
light ground; each comes with a shape or a dash of its own. Rates are on cividis, whose lightness never falls.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C8C8C")
SHAPES = (
    "circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right",
    "triangle-left",
)  # fmt: skip
DASHES = ([1, 0], [6, 2], [2, 2], [8, 2, 2, 2], [4, 4])
GREY = "#8C8C8C"
"""For what is not a category: null bands, connecting lines. Seen on either ground."""
RATES: Final = "cividis"
DARK_UP_TO = 0.44
"""Share of a scale of rates up to which white text on it reads better than black: 4.5 : 1 on either side."""

FONT = "Liberation Sans, Arimo, Helvetica, Arial, sans-serif"
"""The first is drawn into files, since the converter ships it; a page takes what the reader has."""
LABEL_PIXELS = 170
"""Longer labels end in an ellipsis."""


def _config(text: str, faint: str) -> Mapping[str, Any]:
    quiet = {"labelColor": text, "titleColor": text, "labelLimit": LABEL_PIXELS, "titleFontWeight": "normal"}
    lines = {"domainColor": faint, "gridColor": faint, "gridOpacity": 0.35, "tickColor": faint}
    return MappingProxyType({
        "background": "transparent",
        "font": FONT,
        "axis": {**quiet, **lines, "labelFontSize": 11, "titleFontSize": 12},
        "header": {**quiet, "labelFontSize": 12, "titleFontSize": 12, "labelFontWeight": "bold"},
        "legend": {
            **quiet, "labelFontSize": 11, "titleFontSize": 11, "symbolStrokeWidth": 0, "symbolOpacity": 1,
        },
        "title": {
            "color": text, "subtitleColor": text, "anchor": "start", "fontSize": 14, "subtitleFontSize": 11,
            "fontWeight": "bold", "offset": 12,
        },
        "view": {"stroke": faint, "strokeOpacity": 0.5},
        "text": {"color": text, "fontSize": 10},
        "rule": {"color": text},
        "facet": {"spacing": 14},
    })  # fmt: skip


CONFIGS: Mapping[str, Mapping[str, Any]] = MappingProxyType({
    "light": _config("#1f2328", "#8c959f"),
    "dark": _config("#e6edf3", "#6e7681"),
})  # fmt: skip
"""Theme → Vega-Lite configuration, to be given beside a specification."""


def colours(count: int) -> list[str]:
    """As many colours as there are categories: after the last the first again, with another shape or dash."""
    return _taken(COLOURS, count)


def shapes(count: int) -> list[str]:
    return _taken(SHAPES, count)


def dashes(count: int) -> list[list[int]]:
    """The dash changes with each category, and the pair of colour and dash repeats after 35 only."""
    return [DASHES[place % len(DASHES)] for place in range(count)]


def _taken(some: Sequence[str], count: int) -> list[str]:
    return [some[place % len(some)] for place in range(count)]
