"""`report/tables/<table>.tex`: one table environment each, to be \\input into a paper.

Needs the packages booktabs and siunitx; names beyond Latin letters need LuaLaTeX or XeLaTeX.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mascope.report.cells import cells, constants, left_out, notes, numeric, visible
from mascope.report.summary import Report
from mascope.store.layout import Results
from mascope.store.lines import write_whole
from mascope.tables import Table

ROWS = 60
"""Of one table at most: what fits a page. The whole of it is in `tables/`."""
MANY_COLUMNS = 8
"""From here on a table is set smaller."""
VERY_MANY_COLUMNS = 12
"""From here on also closer."""
LONGEST_LINE = 32
"""Characters of a text that stands on one line."""
PARAGRAPH = "40mm"
"""The width of a longer one."""

_ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%",
    "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\char34{}", "–": r"\textendash{}",
    "…": r"\dots{}", "∞": r"$\infty$", "≤": r"$\le$", "≥": r"$\ge$", "−": r"$-$", "×": r"$\times$",
    "→": r"$\to$", "²": r"$^2$", "κ": r"$\kappa$", "α": r"$\alpha$", "ε": r"$\varepsilon$", "δ": r"$\delta$",
    "√": r"$\surd$", "±": r"$\pm$", "≈": r"$\approx$",
}  # fmt: skip
_SPECIAL = re.compile("[" + re.escape("".join(_ESCAPES)) + "]")
_NUMBER = re.compile(r"(?P<sign>-?)(?P<whole>\d+)(?:\.(?P<decimals>\d+))?")
_NO_ZERO = re.compile(r"(?<!\d)\.(?=\d)")


def write_latex(report: Report, results: Results) -> tuple[Path, ...]:
    files = []
    for table in report.tables:
        files.append(results.report / "tables" / f"{table.name}.tex")
        write_whole(files[-1], as_latex(report, table).encode())
    return tuple(files)


@dataclass(frozen=True, slots=True)
class _Aligned:
    """A column as LaTeX: its letter in the preamble, and its cells."""

    spec: str
    cells: tuple[str, ...]


def as_latex(report: Report, table: Table) -> str:
    """The table without its details, with its title as caption, its notes and its definitions below."""
    same, table = constants(table), _without_blanks(table.for_prose())
    shown = [cells(table, column, ROWS) for column in table.columns]
    aligned = [
        _numbers(texts) if numeric(table, column) else _texts(texts)
        for column, texts in zip(table.columns, shown, strict=True)
    ]
    more = left_out(table, ROWS)
    below = (*((more,) if more else ()), *same, *notes(table, shown), _definitions(table))
    return "\n".join([*_head(report, table), *_tabular(table, aligned), *_foot(below)]) + "\n"


def _without_blanks(table: Table) -> Table:
    """The table without columns that say nothing in any row: a note that nothing needed."""
    # Mostly the first rows tell, of which there may be a million.
    kept = tuple(c for c in table.columns if any(cells(table, c, ROWS)) or any(cells(table, c)))
    if not len(table.frame):
        return table
    return replace(table, columns=kept, frame=table.frame[[column.name for column in kept]])


def escaped(text: str) -> str:
    return _SPECIAL.sub(lambda found: _ESCAPES[found[0]], visible(text))


def _definitions(table: Table) -> str:
    return "; ".join(f"{column.name}: {column.definition.rstrip('.')}" for column in table.columns) + "."


def _head(report: Report, table: Table) -> Iterator[str]:
    yield "% \\usepackage{booktabs,siunitx}"
    yield "\\begin{table}[tbp]"
    yield "\\centering"
    yield f"\\caption{{{escaped(report.title(table))}}}"
    yield f"\\label{{tab:{table.name}}}"
    yield "\\footnotesize" if len(table.columns) >= MANY_COLUMNS else "\\small"
    if len(table.columns) >= VERY_MANY_COLUMNS:
        yield "\\setlength{\\tabcolsep}{3pt}"


def _tabular(table: Table, aligned: Sequence[_Aligned]) -> Iterator[str]:
    yield f"\\begin{{tabular}}{{{' '.join(column.spec for column in aligned)}}}"
    yield "\\toprule"
    yield _row([f"{{{escaped(column.name)}}}" for column in table.columns])
    yield "\\midrule"
    yield from (_row(row) for row in zip(*(column.cells for column in aligned), strict=True))
    yield "\\bottomrule"
    yield "\\end{tabular}"


def _foot(lines: Sequence[str]) -> Iterator[str]:
    yield from (f"\\par\\smallskip{{\\footnotesize {escaped(line)}\\par}}" for line in lines)
    yield "\\end{table}"


def _row(values: Sequence[str]) -> str:
    return f"{' & '.join(values)} \\\\"


def _texts(texts: Sequence[str]) -> _Aligned:
    """A column of words; long ones are set as paragraphs."""
    longest = max(map(len, texts), default=0)
    return _Aligned("l" if longest <= LONGEST_LINE else f"p{{{PARAGRAPH}}}", tuple(map(escaped, texts)))


# Numbers, set on their decimal point -----------------------------------------------------------------------


def _numbers(texts: Sequence[str]) -> _Aligned:
    """A column of siunitx's type S. What is no number (`< .001`, a dash) stands in braces."""
    plain = [_NO_ZERO.sub("0.", text.replace(",", "")) for text in texts]
    parsed = [found for text in plain if (found := _NUMBER.fullmatch(text))]
    if not parsed:
        return _Aligned("r", tuple(map(escaped, plain)))
    sign = "-" if any(found["sign"] for found in parsed) else ""
    whole = max(len(found["whole"]) for found in parsed)
    decimals = max(len(found["decimals"] or "") for found in parsed)
    form = f"S[table-format={sign}{whole}{f'.{decimals}' if decimals else ''}]"
    return _Aligned(form, tuple(map(_number, plain)))


def _number(text: str) -> str:
    return text if _NUMBER.fullmatch(text) else f"{{{escaped(text)}}}"
