"""How much each model holds: looked up once, and kept with the results, so that prompts stay what they were.

What is cut from a prompt, and which call is not made, depends on the limit. A price table that was changed
since must not change either: a study goes on with the limits that it was begun with.
"""

from mascope.chat.prices import PriceTable
from mascope.chat.routes import limit_of
from mascope.store.layout import Results
from mascope.study import Study, first_limits


def with_limits(study: Study, prices: PriceTable, results: Results | None = None) -> Study:
    """The study with each model's limit: its `context`, else that of `results`, else what is known now."""
    known = {key: limit_of(model, prices) for key, model in study.models.items()}
    begun = results is not None and results.study_file.exists() and bool(results.journals())
    return study.limited({**known, **first_limits(study, results.study())} if results and begun else known)
