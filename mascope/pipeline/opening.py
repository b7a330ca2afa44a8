"""Opening the models that a stage needs, on one purse."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from mascope.chat.budget import Budgeted, Purse, worst_cost
from mascope.chat.prices import PriceTable
from mascope.chat.routes import route_of
from mascope.chat.types import Chat, Model, Request
from mascope.store import lines
from mascope.store.layout import Results


def open_chats(models: Sequence[Model], prices: PriceTable, purse: Purse | None) -> dict[str, Chat]:
    """A chat for each model, by its key. An unknown price is told before a budget relies on it."""
    by_route: dict[int, list[Model]] = defaultdict(list)
    for model in models:
        by_route[id(route_of(model))].append(model)
    if purse is not None:
        check_prices(models, prices)
    chats: dict[str, Chat] = {}
    for group in by_route.values():
        chats |= route_of(group[0]).open(group, prices)
    return chats if purse is None else {k: Budgeted(chat, purse, prices) for k, chat in chats.items()}


def check_prices(models: Iterable[Model], prices: PriceTable) -> None:
    """`InvalidInput` where the price of one is unknown, so that a budget could not hold."""
    for model in models:
        worst_cost(Request(model, ()), prices)


async def close(chats: Mapping[str, Chat]) -> None:
    for chat in chats.values():
        await chat.aclose()


def spent_in(results: Results) -> float:
    """USD that agents and judges have cost here so far, where that is known.

    Also what is set aside (aborted runs, superseded codes) was paid for, and what failed may have been.
    """
    files = results.root.rglob("*.jsonl")
    return sum(float(line.get("cost_usd") or 0.0) for file in files for line in lines.read(file))
