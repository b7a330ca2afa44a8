"""Where imports find what they read, and put what they write."""

import json
from pathlib import Path
from typing import Any

import pytest

from mascope.store.layout import Results
from tests.imports.made_up import Put


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "transcripts").mkdir()
    return tmp_path / "transcripts"


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return Results(tmp_path / "results")


@pytest.fixture
def put(folder: Path) -> Put:
    """Writes a file into the folder of transcripts."""

    def write(name: str, content: Any) -> Path:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return file

    return write
