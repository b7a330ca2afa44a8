"""The command line: load, call, show. Only here is anything printed, and only here are exit codes given.

The work's modules are imported inside each command, so that `--help` answers at once.
"""

import sys

import typer

from mascope.cli import annotate, coding, embedding, forking, importing, power, reporting, starting, study
from mascope.cli.show import fail, outlive_the_reader
from mascope.errors import MascopeError

app = typer.Typer(
    name="mascope",
    help="Controlled experiments on group discussions of language models: run, judge, report.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a traceback with local variables could show a key
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def _mascope(
    version: bool = typer.Option(False, "--version", help="Print the version and stop.", is_eager=True),
) -> None:
    if version:
        from mascope import __version__

        typer.echo(__version__)
        raise typer.Exit


for module in (starting, study, forking, coding, annotate, embedding, reporting, power):
    module.register(app)
app.add_typer(importing.app, name="import")


def main() -> None:
    """The program. What mascope raises on purpose becomes one line on standard error and an exit code."""
    outlive_the_reader()
    try:
        app(prog_name="mascope")
    except* MascopeError as group:
        error = _first(group)
        fail(str(error))
        sys.exit(error.exit_code if isinstance(error, MascopeError) else 1)


def _first(error: BaseException) -> BaseException:
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error
