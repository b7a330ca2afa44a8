"""What all tests share."""

import os
from pathlib import Path

import pytest

from tests.rehearsed import held

HERE = Path(__file__).resolve()


@pytest.fixture(scope="session")
def warroom() -> Path:
    """The published transcripts and human codes, where this machine has them."""
    named = os.environ.get("MASCOPE_WARROOM")
    folder = Path(named) if named else HERE.parents[2] / "shared" / "data" / "warroom"
    if not (folder / "human_coding.csv").is_file():
        pytest.skip(
            f"the published WarRoom data are not here ({folder}); set MASCOPE_WARROOM to their folder"
        )
    return folder


@pytest.fixture(scope="session")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of a small rehearsed study, judged; not to be changed."""
    return held(tmp_path_factory.mktemp("rehearsed"))
