"""Tab: what the shell is offered, asked as bash asks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mascope.cli import completing
from mascope.report import FORMATS

STUDY = """\
study: tea
series: {mixed: {}, clones: {}}
factors: {who: {few: {}, many: {}}, names: {real: {}}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "tea.yaml").write_text(STUDY)
    results = tmp_path / "results" / "tea"
    for file in ("study.yaml", "runs/mixed/mixed-run01.jsonl", "tables/series.csv", "tables/similarity.csv"):
        (results / file).parent.mkdir(parents=True, exist_ok=True)
        (results / file).write_text("")
    (results / "codes" / "ada").mkdir(parents=True)
    return tmp_path


def offered(project: Path, words: str) -> list[str]:
    """What bash would be offered after `words`, whose last is not finished."""
    environment = {
        **os.environ,
        "_MASCOPE_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }
    code = "from mascope.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=project, env=environment,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("mascope re", ["report"]),
        ("mascope report ", ["results/tea"]),
        ("mascope run tea.yaml --series ", ["mixed", "clones", "few-real", "many-real"]),
        ("mascope run tea.yaml --series mi", ["mixed"]),
        ("mascope run tea.yaml --series mixed,", ["mixed,clones", "mixed,few-real", "mixed,many-real"]),
        ("mascope report --only s", ["series", "similarity"]),
        ("mascope report --format ", ["csv", "json", "latex", "markdown"]),
        ("mascope report --labels a", ["ada"]),
        ("mascope report --labels inter", ["intersection"]),
        ("mascope report --coders ", ["ada"]),
        ("mascope fork mix", ["mixed-run01"]),
        ("mascope schema ", ["study", "panel"]),
    ],
)
def test_what_is_here_is_offered(project: Path, words: str, completed: list[str]) -> None:
    assert offered(project, words) == completed


@pytest.mark.parametrize("content", ["series: [", "- a", "series: 3", "\x00"])
def test_a_study_that_cannot_be_read_offers_nothing_and_says_nothing(project: Path, content: str) -> None:
    (project / "tea.yaml").write_text(content)

    assert offered(project, "mascope run tea.yaml --series m") == []


def test_every_format_is_offered() -> None:
    assert set(completing.FORMATS) == set(FORMATS)


def test_the_script_for_the_shell_can_be_had() -> None:
    shown = subprocess.run(
        [sys.executable, "-c", "from mascope.cli import main; main()", "--show-completion", "bash"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert "_MASCOPE_COMPLETE=complete_bash" in shown.stdout + shown.stderr
