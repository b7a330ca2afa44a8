"""`init` and `schema`: from nothing to a report, and nothing overwritten."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from mascope.study.schema_json import panel_schema, study_schema
from mascope.yamlfile import read

WRITTEN = ("study.yaml", "panel.yaml", "study.schema.json", "panel.schema.json", ".gitignore")


def mascope(*arguments: str | Path, cwd: Path, expect: int = 0) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        [sys.executable, "-m", "mascope", *map(str, arguments)],
        capture_output=True, text=True, timeout=120, check=False, cwd=cwd,
        env={**os.environ, "NO_COLOR": "1"},
    )  # fmt: skip
    assert done.returncode == expect, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("start")
    mascope("init", "new", cwd=folder)
    return folder / "new"


def test_what_init_writes_goes_through_the_whole_line_at_once(started: Path) -> None:
    mascope("plan", "study.yaml", cwd=started)
    mascope("run", "study.yaml", cwd=started)
    judged = mascope("judge", cwd=started)
    mascope("report", cwd=started)

    assert "SIMULATED" in judged.stderr
    report = (started / "results" / "starter" / "report" / "report.md").read_text(encoding="utf-8")
    assert "composition" in report
    assert (started / "results" / "starter" / "tables" / "contrasts.csv").is_file()


def test_the_starter_files_name_their_schemas_and_obey_them(started: Path) -> None:
    for name, schema in (("study", study_schema()), ("panel", panel_schema())):
        first = (started / f"{name}.yaml").read_text(encoding="utf-8").splitlines()[0]

        assert first == f"# yaml-language-server: $schema={name}.schema.json"
        assert json.loads((started / f"{name}.schema.json").read_text(encoding="utf-8")) == schema
        jsonschema.validate(read(started / f"{name}.yaml").data, schema, jsonschema.Draft202012Validator)


def test_init_says_what_it_wrote_and_keeps_results_out_of_version_control(tmp_path: Path) -> None:
    said = mascope("init", "here", cwd=tmp_path).stdout.split()

    assert said == [f"here/{name}" for name in WRITTEN]
    assert (tmp_path / "here" / ".gitignore").read_text() == "results/\n"


def test_init_overwrites_nothing_and_says_what_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text("mine")

    refused = mascope("init", ".", cwd=tmp_path, expect=2).stderr

    assert "study.yaml" in refused
    assert "panel.yaml" not in refused
    assert (tmp_path / "study.yaml").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["study.yaml"]


def test_init_leaves_a_gitignore_as_it_is(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*.log\n")

    mascope("init", ".", cwd=tmp_path)

    assert (tmp_path / ".gitignore").read_text() == "*.log\n"


def test_init_says_so_where_it_may_not_write(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    shut = tmp_path / "shut"
    shut.mkdir()
    shut.chmod(stat.S_IRUSR | stat.S_IXUSR)

    assert "cannot be made" in mascope("init", "file", cwd=tmp_path, expect=2).stderr
    if os.geteuid():  # whom nothing forbids anything
        assert "cannot be" in mascope("init", "shut/new", cwd=tmp_path, expect=2).stderr


@pytest.mark.parametrize(("kind", "schema"), [("study", study_schema()), ("panel", panel_schema())])
def test_the_schemas_can_be_had_by_themselves(tmp_path: Path, kind: str, schema: object) -> None:
    assert json.loads(mascope("schema", kind, cwd=tmp_path).stdout) == schema


def test_there_is_no_schema_of_anything_else(tmp_path: Path) -> None:
    assert "study" in mascope("schema", "tables", cwd=tmp_path, expect=2).stderr
