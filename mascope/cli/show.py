"""How things are printed: results to standard output, everything else to standard error."""

import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

SIMULATED = "SIMULATED: these are rehearsed models, not language models. No finding may be drawn from them."


def out() -> Console:
    """Standard output; no colour when piped or under NO_COLOR, and never cut at a made-up width."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else 80)


def err() -> Console:
    return Console(stderr=True, highlight=False)


def fail(problem: str) -> None:
    err().print(Text.assemble(("error: ", "bold red"), problem), soft_wrap=True)


def note(text: str) -> None:
    """Something worth knowing that is not a result."""
    err().print(Text(text), soft_wrap=True)


def one_line(text: str, longest: int = 200) -> str:
    """Somebody else's words, in few and without their line breaks."""
    words = " ".join(text.split())
    return words if len(words) <= longest else f"{words[:longest].rstrip()}…"


def simulated(is_simulated: bool) -> None:
    if is_simulated:
        err().print(Text(SIMULATED, "bold yellow"), soft_wrap=True)


def json_line(data: Any) -> None:
    """One line of JSON on standard error, for a script that follows the work."""
    sys.stderr.write(json.dumps(data, ensure_ascii=False, allow_nan=False) + "\n")
    sys.stderr.flush()


def print_json(data: Any) -> None:
    sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False) + "\n")


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A small table; every column but the first is a number and stands to the right."""
    shown = RichTable(title=title, title_justify="left", box=None, pad_edge=False)
    for place, column in enumerate(columns):
        shown.add_column(Text(column), justify="left" if place == 0 else "right", overflow="fold")
    for row in rows:
        shown.add_row(*(Text("–" if cell is None else str(cell)) for cell in row))
    out().print(shown)


def count(value: float) -> str:
    """`12,345`, and from a million on `12.3M`."""
    return f"{value / 1e6:,.1f}M" if value >= 1e6 else f"{value:,.0f}"


def span(low: float, high: float) -> str:
    return count(low) if round(low) == round(high) else f"{count(low)}–{count(high)}"


def usd(value: float) -> str:
    return f"${value:,.2f}" if value == 0 or value >= 0.01 else f"${value:.4f}"


def print_text(text: str) -> None:
    sys.stdout.write(text if text.endswith("\n") else text + "\n")


class _Output(io.FileIO):
    """Standard output that may lose its reader, as under `| head`: what nobody reads any more is dropped.

    So the work comes to its end, and gives its own exit code.
    """

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data) or 0
        except BrokenPipeError:
            return memoryview(data).nbytes


def outlive_the_reader() -> None:
    """Go on where standard output is a pipe that is closed at its other end."""
    there = sys.stdout
    if there is not sys.__stdout__ or there is None or there.isatty():
        return
    there.flush()
    raw = _Output(there.fileno(), "wb", closefd=False)
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(raw), there.encoding, there.errors, line_buffering=there.line_buffering
    )


@contextmanager
def working(what: str) -> Iterator[None]:
    """A spinner on standard error while something takes its time; nothing where that is no terminal."""
    console = err()
    if not console.is_terminal:
        yield
        return
    with console.status(what):
        yield


@contextmanager
def steps(what: str, total: int) -> Iterator[Callable[[str], None]]:
    """A bar on standard error over `total` steps; gives what tells it that one is done, and which."""
    from mascope.cli.progress import bar  # which itself prints by this module

    with bar() as progress:
        task = progress.add_task(what, total=total, about="reading")
        yield lambda step: progress.update(task, advance=1, about=step)
