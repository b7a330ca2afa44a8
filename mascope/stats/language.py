"""Which language a text is in, by its most common words; no model, no dictionary beyond what stands here."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from mascope.spread import spread
from mascope.stats.words import Words, words

Names: TypeAlias = npt.NDArray[np.object_]

_AT_ONCE = 5_000  # texts read together


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


FUNCTION_WORDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "en": _listed(
            "the of and to is that for with this are be as we it you on will our have by can from an a in "
            "i at your or should need let not all"
        ),
        "fr": _listed(
            "le la les des et est une un du de en à pour dans que qui avec sur pas nous vous au ce sont "
            "par aux cette plus ou je il n s l d qu c se sa son être avons peut"
        ),
        "es": _listed(
            "el la los las y que de del en un una por con para como está más pero sus nos lo hay también "
            "este esta ser muy se su a"
        ),
        "de": _listed(
            "der die und das den von zu mit ist des auf für nicht ein eine als auch wir werden sich dem "
            "im wird es ich oder"
        ),
        "it": _listed(
            "il la le un di e che è a in per una con sono non della del gli nel più alla dei anche questo "
            "come ci i delle dal abbiamo"
        ),
        "pt": _listed(
            "o a os as e que de do da em um uma para com não por mais dos como são ao na no das você "
            "também nós se"
        ),
        "nl": _listed(
            "de het een en van is dat op te voor met zijn niet aan er ook maar wij naar bij wat dit"
        ),
    }
)
"""The most frequent words of running text by language (ISO 639-1). One word may count for several."""

LEAST = 3
"""Function words that must be found; a text with fewer, or with a tie, has no language here."""


def languages(texts: "Sequence[str] | pd.Series[str]") -> Names:
    """(texts,): the language whose function words are most frequent in each text; None where too few tell."""
    portions = [slice(first, first + _AT_ONCE) for first in range(0, len(texts), _AT_ONCE)]
    found = spread(
        lambda portion: _told(words(list(texts[portion]))), portions, None if len(portions) > 3 else 1
    )
    return np.concatenate([np.empty(0, dtype=object), *found])


def _told(found: Words) -> Names:
    hits = found.shares(FUNCTION_WORDS)
    order = np.sort(hits, axis=1)
    told = (order[:, -1] >= LEAST) & (order[:, -1] > order[:, -2])
    named = np.array(list(FUNCTION_WORDS), dtype=object)[hits.argmax(axis=1)]
    return np.array([name if known else None for name, known in zip(named, told, strict=True)], dtype=object)
