"""Under which instructions codes were made: model, prompt and codebook, by their digest."""

from collections.abc import Iterator, Mapping

import pandas as pd

from mascope.codebook import RULES, Panel
from mascope.judging.coders import coder_digest
from mascope.judging.rules import rules_digest

INSTRUCTED = ("llm", "rules")
"""Kinds of coder whose instructions a panel file holds."""


def digests(panel: Panel) -> Mapping[str, str]:
    """Coder of the panel → digest of what it would be told now."""
    found = {judge.name: coder_digest(judge, panel) for judge in panel.judges}
    return found | ({RULES: rules_digest(panel.codebook)} if panel.rules else {})


def doubts(coder: str, codes: pd.DataFrame, told: Mapping[str, str]) -> Iterator[str]:
    """What a reader must know of the digests of one coder's codes; nothing where all is as the panel says."""
    instructed = codes[codes["kind"].isin(INSTRUCTED)]
    made_under = sorted(map(str, instructed["digest"].unique()))
    if len(made_under) > 1:
        named = ", ".join(digest[:12] for digest in made_under)
        yield (
            f"Coder {coder}: its codes were made under {len(made_under)} different instructions ({named}) "
            "and are mixed here; `mascope judge --recode` codes anew."
        )
    elif made_under and told.get(coder, made_under[0]) != made_under[0]:
        yield (
            f"Coder {coder}: its codes were made under other instructions ({made_under[0][:12]}) than this "
            f"panel's ({told[coder][:12]}): another model, codebook, prompt or setting."
        )
