"""What the README shows is what happens: its commands are given again, and its outputs compared."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def shown() -> list[tuple[str, str]]:
    """(command, output) of every console block."""
    found = []
    for block in blocks("console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


def given(command: str, folder: Path) -> str:
    """Standard output of a command of the README, without blanks at line ends."""
    arguments = [sys.executable, "-m", *shlex.split(command)]
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "80", "TERMINAL_WIDTH": "80"}
    done = subprocess.run(
        arguments, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return plain(done.stdout)


def plain(text: str) -> str:
    lines = [line.rstrip() for line in text.splitlines()]
    return "\n".join(lines).strip("\n")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("readme")
    (folder / "experiments").mkdir()
    (folder / "experiments" / "tea.yaml").write_text(blocks("yaml")[0], encoding="utf-8")
    (folder / "judges").symlink_to(ROOT / "judges")
    return folder


def test_every_command_of_the_readme_prints_what_the_readme_shows(project: Path) -> None:
    assert len(shown()) >= 5
    for command, output in shown():
        assert given(command, project) == plain(output), command


def test_every_file_that_the_readme_links_to_exists() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)

    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
