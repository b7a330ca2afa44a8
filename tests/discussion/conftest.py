from pathlib import Path

import pytest

from tests.discussion.holding import Holder


@pytest.fixture
def hold(tmp_path: Path) -> Holder:
    return Holder(tmp_path)
