"""The rule-based coder says beside each yes which rule it was, so that a reader can be told."""

import asyncio
from pathlib import Path

from mascope.cues import Rule
from mascope.judging.coders import Judged
from mascope.judging.rules import RuleCoder
from mascope.judging.units import Unit, units_of
from mascope.records import Coding
from mascope.store import journal
from tests.judging.small_study import small_study
from tests.judging.test_rules import NoCalls, codebook


async def judged(coder: RuleCoder, units: list[Unit]) -> list[Judged]:
    return [one async for one in coder.code(units, NoCalls())]


def test_a_yes_of_the_rules_is_recorded_with_the_rule_that_held(tmp_path: Path) -> None:
    file = small_study(tmp_path).journals()[0]
    units = list(units_of(journal.read(file), 0))
    coder = RuleCoder(codebook(Rule(name="last words", phrases=("a 3",))))
    found = {unit.message.id: one for unit, one in zip(units, asyncio.run(judged(coder, units)), strict=True)}

    said = {id_ for id_, one in found.items() if one.about}
    assert said
    for id_, one in found.items():
        assert isinstance(one.verdict, Coding)
        assert one.about == ({"rules": {"A": "last words"}} if id_ in said else {})
        assert (one.verdict.marks["A"].answer == "yes") == (id_ in said)
