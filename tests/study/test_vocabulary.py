"""What a study file may say is what there is: each choice has its entry where the work is done."""

from typing import Any, get_args

import pytest

from mascope.discussion.engine import MANNERS
from mascope.discussion.faults import ALTERATIONS
from mascope.discussion.schedule import ORDERS, VISIBILITIES
from mascope.discussion.transcript import INTERACTIONS
from mascope.prompting import LAYOUTS, PARTS
from mascope.study.condition import SILENCING
from mascope.study.probes import PROBE_KINDS
from mascope.study.schema_parts import FaultFile, ProbeFile, ScaffoldFile, ScheduleFile, TurnsFile
from mascope.yamlfile import Strict


def choices(model: type[Strict], key: str) -> set[Any]:
    return set(get_args(model.model_fields[key].annotation))


@pytest.mark.parametrize(
    ("model", "key", "entries"),
    [
        (ScheduleFile, "order", ORDERS),
        (ScheduleFile, "visibility", VISIBILITIES),
        (ScheduleFile, "visibility", MANNERS),
        (ScheduleFile, "interaction", INTERACTIONS),
        (TurnsFile, "layout", LAYOUTS),
        (ProbeFile, "kind", PROBE_KINDS),
        (FaultFile, "kind", SILENCING | set(ALTERATIONS)),
    ],
)
def test_every_choice_has_its_entry_and_every_entry_can_be_chosen(
    model: type[Strict], key: str, entries: Any
) -> None:
    assert choices(model, key) == set(entries)


def test_every_part_of_the_scaffold_is_a_key() -> None:
    assert set(ScaffoldFile.model_fields) == set(PARTS)
