"""Tables on standard output, in the format that is asked for: to be pasted or piped."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from mascope.errors import InvalidInput
from mascope.report.data import as_csv, as_json
from mascope.report.latex import as_latex
from mascope.report.markdown import tables_as_markdown
from mascope.report.summary import Report
from mascope.yamlfile import nearest


def check_format(name: str, only: Sequence[str] | None) -> None:
    """`InvalidInput` where tables cannot be printed so; `only` are those asked for, None is all of them."""
    if name not in FORMATS:
        raise InvalidInput(f"--format: no format {name!r}{nearest(name, FORMATS)}")
    if name == "csv" and len(only or ()) != 1:
        raise InvalidInput("--format csv: tables have different columns; print one, as --only contrasts")


def _csv(report: Report) -> str:
    return "\n".join(as_csv(report, table) for table in report.tables)


def _latex(report: Report) -> str:
    return "\n".join(as_latex(report, table) for table in report.tables)


FORMATS: Mapping[str, Callable[[Report], str]] = MappingProxyType({
    "csv": _csv,
    "json": as_json,
    "latex": _latex,
    "markdown": tables_as_markdown,
})  # fmt: skip
"""Name → the report's tables as text."""
