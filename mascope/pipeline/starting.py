"""A directory to start in: a study and a panel that rehearse, and their schemas for editors."""

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from mascope.errors import InvalidInput
from mascope.store.lines import write_whole
from mascope.study.schema_json import SCHEMAS

IGNORED = "results/\n"
"""Results are large and are written by the program; a study is what belongs under version control."""


def begin(directory: Path) -> tuple[Path, ...]:
    """The files written into `directory`; `InvalidInput` before any is, where one of them is there already.

    A .gitignore is left as it is.
    """
    contents = {directory / name: text for name, text in _starter().items()}
    there = [file for file in contents if file.exists() or file.is_symlink()]
    if there:
        raise InvalidInput(
            f"nothing was written: {', '.join(str(file) for file in there)} would be overwritten; "
            "name another directory, or move these away"
        )
    ignore = directory / ".gitignore"
    if not ignore.exists():
        contents[ignore] = IGNORED
    _write(directory, contents)
    return tuple(contents)


def _starter() -> Mapping[str, str]:
    folder = files("mascope") / "starter"
    written = {f"{kind}.yaml": (folder / f"{kind}.yaml").read_text(encoding="utf-8") for kind in SCHEMAS}
    schemas = {f"{kind}.schema.json": json.dumps(of(), indent=2) + "\n" for kind, of in SCHEMAS.items()}
    return {**written, **schemas}


def _write(directory: Path, contents: Mapping[Path, str]) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput(
            f"{directory}: cannot be made: {error.strerror}; name another directory"
        ) from error
    for file, text in contents.items():
        write_whole(file, text.encode())
