"""`report/index.html`: the whole study in one page that opens from disk, on a phone too, without a network.

    overview.py     what was run, and what became of each hypothesis
    tables.py       tables as the page sorts and filters them; links.py says where their numbers lead
    turns.py        an index of every turn, to be filtered without its text
    transcripts.py  each run's transcript by itself, in the page or beside it
    packing.py      how data gets into a page so that nothing in it can act
    build.py        template, style (page.css), scripts (js/), security policy

The index of all turns is always in the page.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from mascope import __version__
from mascope.report.cells import visible
from mascope.report.figures import CONFIGS, Drawn, Figure, draw, spec
from mascope.report.page import overview, transcripts
from mascope.report.page.build import Parts, page
from mascope.report.page.links import Known
from mascope.report.page.packing import inline, packed
from mascope.report.page.tables import about_table, rows
from mascope.report.page.turns import Coded, index
from mascope.report.summary import SIMULATED, SIMULATED_MEANING, Report
from mascope.store import evidence
from mascope.store.evidence import Evidence
from mascope.store.layout import Results
from mascope.store.lines import write_whole

__all__ = ["gather", "write_page", "write_transcripts"]


def write_page(report: Report, results: Results) -> tuple[Path, ...]:
    """The page."""
    found, coded, study = gather(report, results), _coded(report, results), _study(results)
    gathered, figures = overview.gathered(found), draw(report)
    beside = transcripts.are_beside(found)
    shown = _Shown(index(found, coded), transcripts.files(found) if beside else [])
    parts = Parts(files_beside=beside)
    parts.words = _words(report, figures, shown) | {
        "facts": overview.facts(report, study, gathered, coded.coders),
    }
    parts.about = inline(_about(report, coded, shown))
    rule = coded.labels.rule if coded.labels else ""
    coders = [coder.name for coder in coded.coders]
    known = Known.of(coded.flags, report.tables, rule, coders, gathered.seats)
    parts.packs = [*_packs(report, figures, shown, known)]
    if not beside:
        packs = transcripts.packs(found, coders)
        parts.packs += [(f"run-{number}", pack) for number, (_, pack) in enumerate(packs)]
    file = results.report / "index.html"
    write_whole(file, page(parts).encode())
    return (file,)


def write_transcripts(report: Report, results: Results) -> tuple[Path, ...]:
    """The transcripts beside the page, where there are any."""
    coders = [coder.name for coder in evidence.coder_info(results)]
    return transcripts.write_transcripts(gather(report, results), coders, results)


def gather(report: Report, results: Results) -> Evidence:
    """All that the page is told of journals and codes; read once for a report, on all cores."""
    return report.once("evidence", lambda: evidence.load(results))


@dataclass(frozen=True, slots=True)
class _Shown:
    """What of the discussions a page shows."""

    index: Mapping[str, Any]
    files: Sequence[tuple[str, int]]
    """Of transcripts beside it, each with how many runs it holds; none where they are in the page."""

    @property
    def runs(self) -> Sequence[Mapping[str, Any]]:
        runs: Sequence[Mapping[str, Any]] = self.index["runs"]
        return runs


def _study(results: Results) -> dict[str, Any]:
    return results.study() if results.study_file.is_file() else {}


def _coded(report: Report, results: Results) -> Coded:
    labels, messages = report.labels, overview.frame_of(report, "messages")
    lists = messages.loc[messages["broadcast"].astype(bool), "message"] if "broadcast" in messages else None
    return Coded(evidence.coder_info(results), labels.flags if labels else (), labels, lists)


# What the page is told ------------------------------------------------------------------------------------


def _words(report: Report, figures: Sequence[Drawn], shown: _Shown) -> dict[str, Any]:
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
        "transcripts": bool(shown.runs),
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


def _about(report: Report, coded: Coded, shown: _Shown) -> dict[str, Any]:
    return {
        "simulated": report.summary.simulated,
        "transcripts": bool(shown.runs),
        "files": shown.files,
        "coders": [coder.name for coder in coded.coders],
        "flags": [{"name": flag} for flag in coded.flags],
        "levels": {flag: list(coded.levels(flag)) for flag in coded.flags if coded.levels(flag)},
        "themes": {name: dict(config) for name, config in CONFIGS.items()},
        "tables": [about_table(table) for table in report.tables],
    }


def _packs(
    report: Report, figures: Sequence[Drawn], shown: _Shown, known: Known
) -> Iterator[tuple[str, str]]:
    yield "pack-index", packed(shown.index)
    for table in report.tables:
        if about_table(table)["held"]:
            yield f"pack-table-{table.name}", packed(rows(table, known))
    for figure in figures:
        if isinstance(figure, Figure):
            yield f"pack-figure-{figure.name}", packed(spec(figure))
