"""The budget of all workers together: each draws an advance for many calls, and gives back what it can spare.

What is spent and what is out never exceed the limit together. The advance of a worker that dies counts as
spent, since its calls may be billed; the next start of the command counts anew, from the journals.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mascope.chat.budget import reached

ASK_AGAIN_S = 0.05
"""After so long, whoever waits for money asks again."""


@dataclass(frozen=True, slots=True)
class Account:
    """What a worker says of its money, all in USD."""

    spent: float = 0.0
    """Since it began."""
    held: float = 0.0
    """Of its advance, what is not spent: calls under way and money at hand."""
    lacking: float = 0.0
    """What all calls that wait for money need beyond what is at hand."""
    first: float = 0.0
    """What the first of them needs beyond it."""
    dearest: float = 0.0
    """What the dearest of them could cost."""
    ahead: float = 0.0
    """What it would like besides, so that the next calls need not wait."""


@dataclass(frozen=True, slots=True)
class Advance:
    given: float = 0.0
    back: bool = False
    """Whether money at hand is to be given back, because somebody lacks it."""
    refused: str | None = None
    """Why there will be no more."""
    again_s: float | None = None


@dataclass(slots=True)
class Treasury:
    limit_usd: float
    spent_usd: float
    _spent: dict[str, float] = field(default_factory=dict)
    """By worker."""
    _held: dict[str, float] = field(default_factory=dict)
    _lacking: dict[str, None] = field(default_factory=dict)
    """Workers that asked in vain, who waits longest first. All others give back what they cannot use: if each
    kept too little for a call, the rest of the budget would never be spent, nor found to be too little."""

    def settle(self, worker: str, account: Account) -> Advance:
        """Take in what a worker reports, and give it what it may have."""
        self.spent_usd += account.spent - self._spent.get(worker, 0.0)
        self._spent[worker] = account.spent
        self._held[worker] = max(0.0, account.held)
        waited = worker in self._lacking
        if account.lacking <= 0:
            self._lacking.pop(worker, None)
        if account.lacking > 0 and self.spent_usd + account.dearest > self.limit_usd:
            self._lacking.pop(worker, None)
            return Advance(refused=reached(self.spent_usd, self.limit_usd, account.dearest))
        given = self._needed(account)
        if given > 0 and waited:  # it stands behind the others again
            del self._lacking[worker]
        if given < account.lacking:
            self._lacking.setdefault(worker)
        given += self._ahead(account, given)
        self._held[worker] += given
        short = worker in self._lacking
        back = bool(self._lacking) and worker != next(iter(self._lacking))
        return Advance(given, back, again_s=ASK_AGAIN_S if short else None)

    def _needed(self, account: Account) -> float:
        """As much as there is of what its waiting calls need; nothing that no call could use."""
        free = self.free
        if account.lacking <= free:
            return account.lacking
        return free if account.first <= free else 0.0

    def _ahead(self, account: Account, given: float) -> float:
        """A part of what is left, for calls to come; nothing while somebody lacks money."""
        if self._lacking:
            return 0.0
        return max(0.0, min(account.ahead, (self.free - given) / (2 * len(self._held))))

    @property
    def free(self) -> float:
        """What is neither spent nor out."""
        return self.limit_usd - self.spent_usd - sum(self._held.values())

    def lose(self, worker: str) -> None:
        """The worker is gone: its calls under way may be billed, so what it held counts as spent."""
        self.spent_usd += self._held.pop(worker, 0.0)
        self._spent.pop(worker, None)
        self._lacking.pop(worker, None)


def read_account(fields: Mapping[str, Any]) -> Account:
    return Account(**fields)
