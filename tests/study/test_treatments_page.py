"""docs/treatments.md cannot go stale: its table is the schema's, and its examples are read as studies."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from mascope.study import load_study
from tests.study.treatments_page import BEGIN, END, PAGE, rendered

TEXT = PAGE.read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml( study)?\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
MODELS = {key: {"model": f"groq/{key}"} for key in ("llama", "kimi", "qwen")}
PLAIN = {
    "brief": "Choose.", "participants": ["llama", "kimi", "qwen"], "rounds": 4,
}  # fmt: skip


def study_of(kind: str, example: str) -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(example)
    if kind:
        return {"study": "example", **data}
    return {"study": "example", "models": MODELS, "base": PLAIN, "series": {"X": data, "plain": {}}}


@pytest.mark.parametrize(("kind", "example"), EXAMPLES)
def test_every_example_is_a_series_that_can_be_run(tmp_path: Path, kind: str, example: str) -> None:
    file = tmp_path / "study.yaml"
    file.write_text(yaml.safe_dump(study_of(kind, example), sort_keys=False), encoding="utf-8")

    assert load_study(file).series


def test_the_table_of_keys_is_the_schemas() -> None:
    table = TEXT.partition(BEGIN)[2].partition(END)[0].strip()

    assert table == rendered(), "run `python -m tests.study.treatments_page`"


def test_every_key_has_an_example() -> None:
    shown = set(re.findall(r"([a-z_]+):", "".join(example for _, example in EXAMPLES)))
    keys = {key.rpartition(".")[2] for key in re.findall(r"^\| `([^`]+)`", rendered(), re.MULTILINE)}

    assert keys - shown == set()


def test_every_key_has_a_meaning() -> None:
    rows = [row for row in rendered().splitlines() if row.startswith("| `")]

    assert [row for row in rows if row.endswith("|  |")] == []


def test_the_named_series_of_the_crossing_are_those_it_gives(tmp_path: Path) -> None:
    file = tmp_path / "study.yaml"
    crossing = next(example for kind, example in EXAMPLES if kind and "factors:" in example)
    file.write_text(yaml.safe_dump(study_of(" study", crossing), sort_keys=False), encoding="utf-8")

    names = ["alone", "mixed-neutral", "mixed-real", "clones-neutral", "clones-real"]
    assert list(load_study(file).series) == names
    assert all(f"`{name}`" in TEXT for name in names)
