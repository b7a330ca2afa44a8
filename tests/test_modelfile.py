"""How a model is reached, as studies and panels say it alike."""

import subprocess
import sys
from pathlib import Path

import pytest

from mascope.errors import InvalidFile
from mascope.panelfile import load_panel

PANEL = "panel: p\nflags: {A: {definition: x}}\ncoders:\n  j: {model: openai/foo, %s}\n"


def problem(tmp_path: Path, keys: str) -> str:
    file = tmp_path / "panel.yaml"
    file.write_text(PANEL % keys)
    with pytest.raises(InvalidFile) as error:
        load_panel(file)
    return str(error.value)


def test_a_key_where_its_variable_should_stand_is_refused_and_not_shown(tmp_path: Path) -> None:
    said = problem(tmp_path, "key_env: sk-secret-of-mine")

    assert "coders.j.key_env" in said
    assert "secret" not in said


def test_a_judges_address_is_checked_as_an_agents_is(tmp_path: Path) -> None:
    assert "coders.j.base_url: must be an address" in problem(tmp_path, "base_url: localhost:8000")


def test_a_judge_is_reached_by_all_that_its_file_says(tmp_path: Path) -> None:
    file = tmp_path / "panel.yaml"
    file.write_text(
        PANEL % 'base_url: "http://h/v1", key_env: MY_KEY, concurrency: 3, deadline: 9, route: direct'
    )

    (judge,) = load_panel(file).judges

    found = judge.model
    assert (found.key, found.label, found.base_url, found.key_env) == ("j", "foo", "http://h/v1", "MY_KEY")
    assert (found.concurrency, found.deadline_s, found.client) == (3, 9, "direct")


def test_reading_how_a_model_is_reached_loads_no_library_that_reaches_it() -> None:
    seen = "import sys, mascope.modelfile; print({'litellm', 'aiohttp', 'xllamacpp'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", seen], capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout == "set()\n"
