"""What tests of judges share: a small study that nobody has coded."""

from pathlib import Path

import pytest

from mascope.store.layout import Results
from tests.judging.small_study import small_study


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return small_study(tmp_path)
