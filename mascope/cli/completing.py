"""What the shell is offered after Tab: cheap looks at the files here, nothing that takes a moment to load.

Where nothing is offered, the shell completes names of files itself.
"""

import itertools
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import typer

RESULTS = Path("results")
FORMATS = ("csv", "json", "latex", "markdown")
"""Those of `report.FORMATS`, which takes a moment to load; a test holds the two together."""


def results(incomplete: str) -> list[str]:
    """Results directories under `results/`, the newest first."""
    found = [folder for folder in RESULTS.glob("*") if (folder / "study.yaml").is_file()]
    newest_first = sorted(found, key=lambda folder: folder.stat().st_mtime, reverse=True)
    return _fitting((str(folder) for folder in newest_first), incomplete)


def runs(incomplete: str) -> list[str]:
    """Runs in the results here."""
    return _fitting(sorted(file.stem for file in RESULTS.glob("*/runs/*/*.jsonl")), incomplete)


def tables(incomplete: str) -> list[str]:
    """Tables that a report has written here; several may be named with commas between."""
    return _listed(sorted({file.stem for file in RESULTS.glob("*/tables/*.csv")}), incomplete)


def formats(incomplete: str) -> list[str]:
    """Forms in which tables are printed."""
    return _fitting(FORMATS, incomplete)


def labels(incomplete: str) -> list[str]:
    """Rules of adjudication, and the coders of the results here."""
    from mascope.judging.adjudication import ADJUDICATIONS

    return _fitting((*ADJUDICATIONS, *_coders()), incomplete)


def coders(incomplete: str) -> list[str]:
    """Coders of the results here; several may be named with commas between."""
    return _listed(_coders(), incomplete)


def series(ctx: typer.Context, incomplete: str) -> list[str]:
    """Series of the study that the command names; several may be named with commas between."""
    # An option that still waits for its value keeps the words before it from being read as arguments.
    words = (str(word) for word in (ctx.params.get("study") or "", *ctx.args))
    study = next((word for word in words if word.endswith((".yaml", ".yml"))), None)
    return [] if study is None else _listed(_series(Path(study)), incomplete)


def _coders() -> list[str]:
    return sorted({folder.name for folder in RESULTS.glob("*/codes/*") if folder.is_dir()})


def _series(study: Path) -> list[str]:
    """Read without checks: a study that is being written has its series completed too."""
    import yaml

    try:
        data = yaml.safe_load(study.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return []
    if not isinstance(data, dict):
        return []
    crossed = itertools.product(*map(_names, _mapping(data.get("factors")).values()))
    cells = ["-".join(cell) for cell in crossed if cell]
    return [*_names(data.get("series")), *cells]


def _mapping(value: Any) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}


def _names(value: Any) -> list[str]:
    return [str(name) for name in _mapping(value)]


def _fitting(words: Iterable[str], incomplete: str) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]


def _listed(words: Iterable[str], incomplete: str) -> list[str]:
    """The last of several words with commas between."""
    before, comma, last = incomplete.rpartition(",")
    named = before.split(",")
    return [f"{before}{comma}{word}" for word in _fitting(words, last) if word not in named]
