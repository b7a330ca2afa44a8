"""The README's commands, and what they print. `python -m tests.readme_page` writes their outputs anew."""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.DOTALL | re.MULTILINE)
YAML = re.compile(r"^```yaml\n(.*?)^```", re.DOTALL | re.MULTILINE)


def commands(text: str) -> list[tuple[str, str]]:
    """(command, output) of every console block, in order."""
    parts = (
        part for block in CONSOLE.findall(text) for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    )
    return [(command, output) for command, _, output in (part.partition("\n") for part in parts)]


def project(folder: Path, text: str) -> Path:
    """The project that the README speaks of: its first YAML block as experiments/tea.yaml."""
    (folder / "experiments").mkdir()
    (folder / "experiments" / "tea.yaml").write_text(YAML.findall(text)[0], encoding="utf-8")
    (folder / "judges").symlink_to(ROOT / "judges")
    return folder


def given(command: str, folder: Path) -> str:
    """What a command of the README prints, without blanks at line ends."""
    arguments = [sys.executable, "-m", *shlex.split(command)]
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "80", "TERMINAL_WIDTH": "80"}
    done = subprocess.run(
        arguments, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode:
        raise SystemExit(f"{command}: {done.stderr}")
    return plain(done.stdout)


def plain(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")


def refreshed(text: str, folder: Path) -> str:
    def anew(block: re.Match[str]) -> str:
        shown = [f"$ {command}\n{given(command, folder)}\n" for command, _ in commands(block[0])]
        return f"```console\n{''.join(shown)}```"

    return CONSOLE.sub(anew, text)


if __name__ == "__main__":
    page = README.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as temporary:
        README.write_text(refreshed(page, project(Path(temporary), page)), encoding="utf-8")
