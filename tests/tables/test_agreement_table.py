import numpy as np
import pytest

from mascope.codebook import Thresholds
from mascope.tables.agreement import sentence


@pytest.mark.parametrize(
    ("kappas", "said"),
    [
        ([0.9], "kappa 0.90, may be interpreted."),
        ([0.9, 0.7], "lowest kappa 0.70, to be interpreted with care (below 0.8)."),
        ([0.9, 0.2, np.nan], "lowest kappa 0.20, may not be interpreted (below 0.6)."),
        ([0.7996], "kappa 0.7996, to be interpreted with care (below 0.8)."),
        ([0.8], "kappa 0.8000, may be interpreted."),
        ([np.nan], "agreement is undefined (no coder ever varied), so nothing can be said about this flag."),
    ],
)
def test_a_flag_gets_one_plain_sentence_by_its_weakest_pair(kappas: list[float], said: str) -> None:
    assert sentence("LEAD", np.array(kappas), Thresholds()) == f"LEAD: {said}"
