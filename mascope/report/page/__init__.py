"""`report/index.html`: the whole study in one page that opens from disk, on a phone too, without a network.

    overview.py     what was run, and what became of each hypothesis
    tables.py       tables as the page sorts and filters them; links.py says where their numbers lead
    turns.py        an index of every turn, to be filtered; each run's transcript by itself
    gathering.py    all journals and codes, read for both by several processes
    packing.py      how data gets into a page so that nothing in it can act
    build.py        template, style (page.css), scripts (js/), security policy

Transcripts are in the page, packed, up to `LARGEST_INSIDE`; from there on in `report/transcripts/<run>.js`
beside it, one file a run, read when they are wanted. The index of all turns is always in the page.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from mascope import __version__
from mascope.report.cells import visible
from mascope.report.evidence import coder_info
from mascope.report.figures import CONFIGS, Drawn, Figure, draw, spec
from mascope.report.page import overview
from mascope.report.page.build import Parts, page
from mascope.report.page.gathering import Portion, portions
from mascope.report.page.links import Known
from mascope.report.page.packing import inline, packed
from mascope.report.page.tables import about_table, rows
from mascope.report.page.turns import Coded, Index
from mascope.report.summary import SIMULATED, SIMULATED_MEANING, Report
from mascope.store.layout import Results
from mascope.store.lines import write_whole

__all__ = ["LARGEST_INSIDE", "gather", "write_page"]

LARGEST_INSIDE = 8_000_000
"""Bytes of packed transcripts that a page holds itself: some 40,000 messages, which still open at once."""


def write_page(report: Report, results: Results) -> tuple[Path, ...]:
    """The page, and the transcripts beside it where there are any."""
    study = _study(results)
    gathered, transcripts = overview.Gathered(), _Transcripts(results)
    coded = _coded(report, results)
    index = Index(coded)
    for portion in gather(report, results):
        gathered.extend(portion.gathered)
        index.extend(portion.index)
        transcripts.extend(portion.transcripts)
    figures = draw(report)
    parts = Parts(files_beside=transcripts.beside)
    parts.words = _words(report, figures, index) | {
        "facts": overview.facts(report, study, gathered, coded.coders),
    }
    parts.about = inline(_about(report, coded, index, transcripts))
    rule = coded.labels.rule if coded.labels else ""
    coders = [coder.name for coder in coded.coders]
    known = Known.of(coded.flags, report.tables, rule, coders, gathered.seats)
    parts.packs = [*_packs(report, figures, index, known), *transcripts.inside()]
    file = results.report / "index.html"
    write_whole(file, page(parts).encode())
    transcripts.tidy()
    return (file, *transcripts.files)


def gather(report: Report, results: Results) -> tuple[Portion, ...]:
    """All that the page is told of journals and codes; read once for a report, on all cores."""
    series = [str(name) for name in _study(results).get("series") or ()]
    return report.once("page", lambda: tuple(portions(results, series, _coded(report, results))))


def _study(results: Results) -> dict[str, Any]:
    return results.study() if results.study_file.is_file() else {}


def _coded(report: Report, results: Results) -> Coded:
    coders = coder_info(results)
    labels = report.labels
    flags = labels.flags if labels else tuple(dict.fromkeys(flag for coder in coders for flag in coder.flags))
    messages = overview.frame_of(report, "messages")
    lists = messages.loc[messages["broadcast"].astype(bool), "message"] if "broadcast" in messages else ()
    return Coded(coders, flags, labels, frozenset(lists))


# What the page is told ------------------------------------------------------------------------------------


def _words(report: Report, figures: Sequence[Drawn], index: Index) -> dict[str, Any]:
    summary = report.summary
    return {
        "study": visible(summary.study),
        "simulated": SIMULATED_MEANING if summary.simulated else "",
        "simulated_word": SIMULATED,
        "lead": visible(summary.lines[0]) if summary.lines else "",
        "warnings": [visible(warning) for warning in summary.warnings],
        "findings": [
            {**asdict(finding), "link": _messages_of(finding.series)} for finding in overview.findings(report)
        ],
        "gates": report.labels.gates if report.labels else (),
        "methods": _methods(report),
        "figures": [_about_figure(figure) for figure in figures],
        "tables": [_in_words(about_table(table)) for table in report.tables],
        "transcripts": bool(index.runs),
        "version": __version__,
    }


def _methods(report: Report) -> dict[str, list[str]] | None:
    if report.methods is None:
        return None
    return {
        "paragraphs": [visible(paragraph) for paragraph in report.methods.paragraphs],
        "references": [visible(reference) for reference in report.methods.references],
    }


def _messages_of(series: Sequence[str]) -> str:
    asked = urlencode([("series", name) for name in series], quote_via=quote)
    return f"#/transcripts?{asked}"


def _in_words(about: dict[str, Any]) -> dict[str, Any]:
    notes = [visible(note) for note in about["notes"]]
    return {**about, "title": visible(about["title"]), "notes": notes}


def _about_figure(figure: Drawn) -> dict[str, Any]:
    named = {"name": figure.name, "title": visible(figure.title)}
    if isinstance(figure, Figure):
        return {**named, "caption": visible(figure.caption), "tables": figure.tables, "reason": ""}
    return {**named, "reason": visible(figure.reason)}


def _about(report: Report, coded: Coded, index: Index, transcripts: "_Transcripts") -> dict[str, Any]:
    return {
        "simulated": report.summary.simulated,
        "transcripts": bool(index.runs),
        "files": [run["run"] for run in index.runs] if transcripts.beside else [],
        "flags": [{"name": flag} for flag in coded.flags],
        "levels": {flag: list(coded.levels(flag)) for flag in coded.flags if coded.levels(flag)},
        "themes": {name: dict(config) for name, config in CONFIGS.items()},
        "tables": [about_table(table) for table in report.tables],
    }


def _packs(report: Report, figures: Sequence[Drawn], index: Index, known: Known) -> Iterator[tuple[str, str]]:
    yield "pack-index", packed(index.data())
    for table in report.tables:
        if about_table(table)["held"]:
            yield f"pack-table-{table.name}", packed(rows(table, known))
    for figure in figures:
        if isinstance(figure, Figure):
            yield f"pack-figure-{figure.name}", packed(spec(figure))


# Transcripts inside and beside ----------------------------------------------------------------------------


class _Transcripts:
    """Packed transcripts: kept while they are few, else each written to its file as it comes."""

    def __init__(self, results: Results) -> None:
        self._folder = results.report / "transcripts"
        self._kept: list[tuple[str, str]] = []
        self._size = 0
        self.files: list[Path] = []

    @property
    def beside(self) -> bool:
        return self._size > LARGEST_INSIDE

    def extend(self, packs: Iterable[tuple[str, str]]) -> None:
        """Each run with its packed transcript."""
        for run, pack in packs:
            self._kept.append((run, pack))
            self._size += len(pack)
        if self.beside:
            self._write()

    def _write(self) -> None:
        for run, pack in self._kept:
            file = self._folder / f"{run}.js"
            script = f"mascopeTranscript({inline(run)},{inline(pack)});\n"
            write_whole(file, script.encode(), synced=False)
            self.files.append(file)
        self._kept.clear()

    def inside(self) -> Iterator[tuple[str, str]]:
        return ((f"run-{number}", pack) for number, (_, pack) in enumerate(self._kept))

    def tidy(self) -> None:
        """Takes away the files of an earlier report that this page does not load."""
        for file in set(self._folder.glob("*.js")) - set(self.files):
            file.unlink()
