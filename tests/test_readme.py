"""What the README shows is what happens: its commands are given again, and its outputs compared."""

import re
from pathlib import Path

from tests.readme_page import README, ROOT, commands, given, plain, project


def test_every_command_of_the_readme_prints_what_the_readme_shows(tmp_path: Path) -> None:
    text = README.read_text(encoding="utf-8")
    folder = project(tmp_path, text)

    shown = commands(text)
    assert len(shown) >= 5
    for command, output in shown:
        assert given(command, folder) == plain(output), f"{command}: python -m tests.readme_page refreshes"


def test_every_file_that_the_readme_links_to_exists() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README.read_text(encoding="utf-8"))

    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
