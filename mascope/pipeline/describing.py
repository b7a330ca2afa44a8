"""What the methods say beside the tables: who coded by which model, who answered, with what software."""

import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version

from mascope import __version__
from mascope.report.facts import Coder, Facts
from mascope.store import lines
from mascope.store.frames import Frames, rows_of
from mascope.store.layout import Results
from mascope.study.condition import SCRIPT
from mascope.tables.analysis import Analysis

SOFTWARE = ("numpy", "scipy", "pandas", "statsmodels", "scikit-learn")
"""What the statistics are computed with."""


def facts_of(results: Results, analysis: Analysis) -> Facts:
    stamp = analysis.study.get("mascope") or {}
    runs = analysis.frames.runs
    return Facts(
        study=str(analysis.study.get("study")),
        digest=str(stamp.get("digest", "")),
        simulated=bool(stamp.get("simulated")) or bool(runs["simulated"].astype(bool).any()),
        imported=str(stamp["imported"]) if stamp.get("imported") else None,
        seed=analysis.seed,
        resamples=analysis.resamples,
        models=tuple(_models(analysis.frames)),
        coders=tuple(_coder(results, name, analysis) for name in (*analysis.coders, *analysis.references)),
        versions=software(),
        forks=int(runs["parent"].notna().sum()),
        probes=tuple(dict.fromkeys(analysis.frames.probes["probe"].astype(str))),
        answers=len(analysis.frames.probes),
        scripted=len(analysis.frames.scripted),
    )


def software() -> Mapping[str, str]:
    """Name → version, mascope and Python first."""
    found = {"mascope": __version__, "Python": platform.python_version()}
    for name in SOFTWARE:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue  # a copy without its record; it works all the same
    return found


def _models(frames: Frames) -> Iterator[str]:
    """`LLaMA 3.3 70B (groq/llama-3.3-70b-versatile)`, each once, in the order of the seats."""
    asked = frames.agents[frames.agents["served_by"] != SCRIPT].drop_duplicates(["label", "served_by"])
    for label, served_by in zip(asked["label"].astype(str), asked["served_by"].astype(str), strict=True):
        yield label if label == served_by else f"{label} ({served_by})"


def _coder(results: Results, name: str, analysis: Analysis) -> Coder:
    kinds = rows_of(analysis.frames.codes, name)["kind"]
    model = next((header.get("model") for header in _headers(results, name)), None)
    return Coder(name, str(kinds.iloc[0]) if len(kinds) else "", None if model is None else str(model))


def _headers(results: Results, coder: str) -> Iterator[Mapping[str, object]]:
    return (header for file in results.each_of(coder) if (header := lines.read_first(file)))
