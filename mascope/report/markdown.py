"""`report/report.md`: what was run, what to mind, figures, methods, and the tables with their definitions."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from mascope.report.cells import cells, left_out, notes, numeric, visible
from mascope.report.summary import SIMULATED, SIMULATED_MEANING, Methods, Report, Summary
from mascope.store.layout import Results
from mascope.store.lines import write_whole
from mascope.tables import Table

ROWS = 100
"""Of one table at most: the whole of it is in `tables/`."""

_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# Everywhere in a line; _ only where it is no part of a word, since there it means itself: prompt_tokens.
_SPECIAL = re.compile(r"[\\`*\[\]|~$]|(?<![^\W_])_|_(?![^\W_])")
# At the start of a line these open a list or a heading.
_OPENING = re.compile(r"^(\s*(?:\d+(?=[.)]))?)([#+=.)-])")


def write_markdown(report: Report, results: Results) -> tuple[Path, ...]:
    file = results.report / "report.md"
    write_whole(file, as_markdown(report).encode())
    return (file, *_write_methods(report, results))


def _write_methods(report: Report, results: Results) -> tuple[Path, ...]:
    """`report/methods.md`: the same paragraphs by themselves, for a paper."""
    if report.methods is None:
        return ()
    file = results.report / "methods.md"
    write_whole(file, "\n".join(_methods(report.methods, "#")).encode())
    return (file,)


def as_markdown(report: Report) -> str:
    """The report as GitHub's Markdown."""
    return "\n".join(
        [
            *_head(report.summary),
            *_figures(report),
            *(() if report.methods is None else _methods(report.methods, "##")),
            *_sections(report),
        ]
    )


def tables_as_markdown(report: Report) -> str:
    """The tables alone."""
    return "\n".join(_sections(report))


def escaped(text: str) -> str:
    """`text` as Markdown that reads as just this text: no links, no HTML, no formulas, one line."""
    text = re.sub(r"[&<>]", lambda found: _HTML[found[0]], visible(text))
    text = _SPECIAL.sub(lambda found: f"\\{found[0]}", text)
    return text.replace("://", "&#58;//").replace("www.", "www&#46;")  # bare addresses become links


def _escape_second(found: re.Match[str]) -> str:
    return f"{found[1]}\\{found[2]}"


def _head(summary: Summary) -> Iterator[str]:
    yield f"# {escaped(summary.study)}\n"
    if summary.simulated:
        yield f"> **{SIMULATED}.** {SIMULATED_MEANING}\n"
    yield from _list(summary.lines)
    if summary.warnings:
        yield "## Warnings\n"
        yield from _list(summary.warnings)


def _figures(report: Report) -> Iterator[str]:
    """Links to the files of `write_figures`, with what each shows; and what could not be drawn."""
    from mascope.report.figures import Figure, draw  # draws only where figures are wanted: it starts slowly

    drawn = draw(report) if report.tables else ()
    shown = [figure for figure in drawn if isinstance(figure, Figure)]
    if not shown:
        return
    yield "## Figures\n"
    for figure in shown:
        yield f"![{escaped(figure.title)}](figures/{figure.name}.svg)\n"
        yield f"**{escaped(figure.title)}.** {escaped(figure.caption)}\n"
    missing = [figure for figure in drawn if not isinstance(figure, Figure)]
    yield from _list([f"{figure.title}: not drawn. {figure.reason}" for figure in missing])


def _methods(methods: Methods, level: str) -> Iterator[str]:
    yield f"{level} Methods\n"
    yield from (f"{_OPENING.sub(_escape_second, escaped(text))}\n" for text in methods.paragraphs)
    if methods.references:
        yield f"{level}# References\n"
        yield from _list(methods.references)


def _sections(report: Report) -> Iterator[str]:
    return (line for table in report.tables for line in _section(report, table.for_prose()))


def _section(report: Report, table: Table) -> Iterator[str]:
    yield f"## {escaped(report.title(table))}\n"
    columns = [cells(table, column, ROWS) for column in table.columns]
    if len(table.frame):
        yield from _grid(table, columns)
    else:
        yield "No rows.\n"
    more = left_out(table, ROWS)
    if more:
        yield f"{escaped(more)}\n"
    yield from _list(notes(table, columns))
    yield "<details><summary>Columns</summary>\n"
    yield from _list([f"{column.name}: {column.definition}" for column in table.columns])
    yield "</details>\n"


def _grid(table: Table, columns: Sequence[Sequence[str]]) -> Iterator[str]:
    yield _row([column.name for column in table.columns])
    yield f"| {' | '.join('---:' if numeric(table, column) else ':---' for column in table.columns)} |"
    yield from (_row(row) for row in zip(*columns, strict=True))
    yield ""


def _row(values: Sequence[str]) -> str:
    return f"| {' | '.join(escaped(value) for value in values)} |"


def _list(lines: Sequence[str]) -> Iterator[str]:
    yield from (f"- {_OPENING.sub(_escape_second, escaped(line).strip())}" for line in lines)
    if lines:
        yield ""
