"""Finding agents by their names, by code and never by a judge.

Found in the spellings that language models produce: any of the Unicode hyphens and spaces, any case, glued or
split (`AgentB`, `Llama-4-Scout`), after `@`, inside markdown, with a possessive or a French elision, and in
lists that name the stem once (`Agents B, C et D`).
"""

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from mascope.names import spelling
from mascope.names.beginnings import Beginnings
from mascope.records import Agent

BROADCAST = 5
"""A message that names this many others lists its addressees and refers to none of them in particular: of 369
messages of the published series A that name the crashed agent, 294 name five agents or more."""
BETWEEN = "\n\0"
"""Between texts that are looked through in one go: the end of a line, beyond which no name goes on."""
SMALLEST_BROADCAST = 3
"""In a smaller group, naming everybody is a broadcast; but never naming just two, which is a conversation."""


@dataclass(frozen=True, slots=True)
class Mention:
    """Where a text calls an agent by one of its names; `@`, markdown and `'s` stand outside."""

    agent: str
    start: int
    end: int


class MentionFinder:
    """Finds the agents of one run by any of their names.

    `names` gives each agent's names: first what it is called in the chat, then aliases (its model's label,
    …). Where a label has parts that fit one agent only (`Kimi` of `Kimi K2`) these are names too, unless
    `parts` is off. An alias that is another agent's name in the chat is that agent's; one that several agents
    share (the label of their common model) refers to none of them.
    """

    def __init__(self, names: Mapping[str, Sequence[str]], *, parts: bool = True) -> None:
        self._index = _index(tuple((agent, tuple(given)) for agent, given in names.items()), parts)

    @classmethod
    def of_agents(cls, agents: Iterable[Agent]) -> "MentionFinder":
        """By name, by the name an agent is told to have, and by its model's label."""
        return cls({agent.id: (agent.name, agent.own_name or agent.name, agent.label) for agent in agents})

    def find(self, text: str) -> tuple[Mention, ...]:
        """Every mention, in the order of the text, the speaker's own included."""
        return tuple(
            Mention(agent, start, end) for agent, start, end in self._index.scan(text) if agent is not None
        )

    def at(self, text: str, position: int) -> Mention | None:
        """The mention that begins at `position`, if one does."""
        found = self._index.pattern.match(text, position)
        agent = self._index.owner(found).agent if found else None
        return Mention(agent, found.start(), found.end()) if found and agent is not None else None

    def mentioned(self, text: str, speaker: str | None = None) -> tuple[str, ...]:
        """The agents other than `speaker` that `text` names, in the order of their first mention."""
        named = dict.fromkeys(agent for agent, _, _ in self._index.scan(text))
        return tuple(agent for agent in named if agent is not None and agent != speaker)

    def mentioned_each(self, said: Sequence[tuple[str, str]]) -> list[tuple[str, ...]]:
        """`mentioned` of many texts, each with its speaker: looked through in one go, which is faster."""
        ends = list(accumulate(len(text) + len(BETWEEN) for text, _ in said))
        named: list[dict[str | None, None]] = [{} for _ in said]
        for agent, start, _ in self._index.scan(BETWEEN.join(text for text, _ in said)):
            named[bisect_right(ends, start)][agent] = None
        return [
            tuple(agent for agent in of_one if agent is not None and agent != speaker)
            for of_one, (_, speaker) in zip(named, said, strict=True)
        ]

    def names_any(self, text: str) -> bool:
        """Whether `text` holds any of the names, be it one that several agents share."""
        return any(True for _ in self._index.scan(text))

    @property
    def heads(self) -> frozenset[str]:
        """One of these stands where a name begins, but for the case of ASCII letters."""
        return self._index.beginnings.heads

    def self_mention(self, text: str, speaker: str) -> bool:
        """Whether `text` calls its own speaker by name."""
        return any(mention.agent == speaker for mention in self.find(text))

    def replace(self, text: str, mapping: Mapping[str, str], *, shared: str = "one of us") -> str:
        """`text` with every spelling of an agent's names replaced by what `mapping` calls that agent.

        Names of agents that `mapping` leaves out stay; a name that several agents share becomes `shared`.
        """
        pieces: list[str] = []
        position = 0
        for agent, start, end in self._index.scan(text):
            new = shared if agent is None else mapping.get(agent)
            if new is not None:
                pieces += text[position:start], new
                position = end
        return "".join([*pieces, text[position:]])


@dataclass(frozen=True, slots=True)
class _Family:
    """Agents whose names differ by a suffix only, and how a list of them goes on after the first."""

    agents: Mapping[str, str]
    singular: re.Pattern[str]
    plural: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class _Owner:
    agent: str | None
    """None where several agents share the name."""
    family: _Family | None


@dataclass(frozen=True, slots=True)
class _Index:
    """One pattern for all names of a run; the outermost group that matched tells whose name it was."""

    pattern: re.Pattern[str]
    owners: Mapping[int, _Owner]
    beginnings: Beginnings

    def owner(self, found: re.Match[str]) -> _Owner:
        return self.owners[found.lastindex or 0]

    def scan(self, text: str) -> Iterator[tuple[str | None, int, int]]:
        """(agent, start, end) of each name in `text`."""
        position = 0
        for place in self.beginnings.find(text):
            found = self.pattern.match(text, place) if place >= position else None
            if found is None:
                continue
            owner, position = self.owner(found), found.end()
            yield owner.agent, found.start(), position
            if owner.family:
                plural = found[(found.lastindex or 0) + 1] is not None
                link = owner.family.plural if plural else owner.family.singular
                while listed := link.match(text, position):
                    yield owner.family.agents[listed[1]], listed.start(1), listed.end(1)
                    position = listed.end()


_Names = tuple[tuple[str, tuple[str, ...]], ...]


@lru_cache(maxsize=64)  # the runs of a series share their names
def _index(names: _Names, parts: bool) -> _Index:
    owned = _owned(names, parts)
    families = _families(owned)
    # The longest first: "Agent-AA" before "Agent-A", a copy's "Kimi K2 (2)" before the first one's "Kimi K2".
    by_first: dict[str, list[str]] = {}
    for name in sorted(owned, key=len, reverse=True):
        by_first.setdefault("".join(sorted(spelling.first_characters(name))), []).append(name)
    branches: list[str] = []
    owners: dict[int, _Owner] = {}
    groups = 0
    for first, several in by_first.items():
        pieces = [f"({spelling.pattern(name)})" for name in several]
        for name, piece in zip(several, pieces, strict=True):
            owners[groups + 1] = _Owner(owned[name], families.get(_stem(name)))
            groups += re.compile(piece).groups
        branches.append(f"{_one_of(first)}(?:{'|'.join(pieces)})")
    pattern = f"(?<!{spelling.LETTER})(?:{'|'.join(branches) or '(?!)'})"
    return _Index(re.compile(pattern), owners, Beginnings.of(owned))


def _one_of(characters: str) -> str:
    return f"(?=[{re.escape(characters)}])"


def _owned(names: _Names, parts: bool) -> dict[str, str | None]:
    """Each different name and whose it is; None for one that several agents share."""
    public = {spelling.key(given[0]): agent for agent, given in names if given}
    owned: dict[str, str | None] = {}
    spelled: dict[str, str] = {}
    for agent, name in _all_names(names, parts):
        key = spelling.key(name)
        owner = public.get(key, agent)
        known = spelled.setdefault(key, name)
        owned[known] = owner if owned.get(known, owner) == owner else None
    return owned


def _all_names(names: _Names, parts: bool) -> Iterator[tuple[str | None, str]]:
    """(agent, name) of whole names and of their parts; the agent is None where a part fits several."""
    whole = [(agent, name.strip()) for agent, given in names for name in given if name.strip()]
    yield from whole
    words = [(agent, _in_words(name)) for agent, name in whole]
    for agent, name in whole if parts else ():
        for short in spelling.short_forms(name):
            fits_others = any(
                other != agent and _in_words(short) in other_name for other, other_name in words
            )
            yield None if fits_others else agent, short


def _in_words(name: str) -> str:
    return f" {' '.join(spelling.parts(name))} ".casefold()


def _stem(name: str) -> str:
    member = spelling.member(name)
    return " ".join(member.stem).casefold() if member else ""


def _families(owned: Mapping[str, str | None]) -> dict[str, _Family]:
    stems: dict[str, dict[str, str]] = {}
    for name, agent in owned.items():
        member = spelling.member(name)
        if member and agent is not None:
            stems.setdefault(_stem(name), {})[member.suffix] = agent
    return {
        stem: _Family(
            agents,
            spelling.more_members(agents, plural=False),
            spelling.more_members(agents, plural=True),
        )
        for stem, agents in stems.items()
        if len(agents) > 1
    }


_GREETS = (
    r"hi|hello|hey|dear|thanks|thank you|welcome|good (?:morning|evening|work|job)|great (?:work|job)"
    r"|bonjour|bonsoir|salut|hello|coucou|merci|bravo|félicitations|bienvenue|chère?s?|bonne \w+|à"
)
_EVERYBODY = re.compile(
    r"@(?:all|everyone|everybody|tous|toutes|team|channel|here|group|groupe|[eé]quipe)\b"
    rf"|\b(?:{_GREETS})[\s,]+(?:à\s+|to\s+)?(?:vous\s+|you\s+)?"
    r"(?:(?:all|everyone|everybody|team|folks|colleagues|collègues|tous|toutes)\b(?!\s+(?:les?|la|the|of)\b)"
    r"|tout le monde\b|(?:toute\s+)?l['’]équipe\b)"
    r"|^[ \t>*_#-]*+(?:everyone|everybody|team|folks|tout le monde|l['’]équipe|équipe)\s*[,:!]",
    re.IGNORECASE | re.MULTILINE,
)


def addressed_all(text: str) -> bool:
    """Whether `text` speaks to everybody without listing them: "@all", "Hi team", "Merci à tous"."""
    return bool(_EVERYBODY.search(text))


def is_broadcast(mentioned: Collection[str], others: int) -> bool:
    """Whether a message that names the agents `mentioned`, of `others` in the run, merely lists addressees.

    True from `BROADCAST` names on, and in smaller groups where all the others are named, if they are at least
    `SMALLEST_BROADCAST`.
    """
    return len(set(mentioned)) >= min(BROADCAST, max(others, SMALLEST_BROADCAST))
