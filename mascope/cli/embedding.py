"""`embed`: vectors of the texts, by the study's own embedding model."""

import typer

from mascope.cli import show
from mascope.cli.study import JsonOption, ResultsArgument


def register(app: typer.Typer) -> None:
    app.command()(embed)


def embed(results: ResultsArgument = None, json: JsonOption = False) -> None:
    """Have the study's embedding model make vectors of all messages, or go on; the report then uses them."""
    from dataclasses import asdict

    from mascope.cli.progress import bar
    from mascope.pipeline.embedding import embed_texts
    from mascope.store.layout import Results, newest

    chosen = Results(results) if results else newest()
    with bar() as progress:
        task = progress.add_task("embed", total=None, about="texts")
        found = embed_texts(chosen, lambda done, of: progress.update(task, completed=done, total=of))
    if json:
        show.print_json(asdict(found))
    else:
        tokens = "" if not found.tokens else f", {found.tokens:,} tokens sent"
        show.print_text(f"{found.model}: {found.texts} texts, {found.kept} had a vector before{tokens}")
