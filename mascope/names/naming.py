"""Giving agents their names: schemes, and lists of the researcher's own."""

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence

from mascope.names import spelling

# fmt: off
NATO = (
    "Alpha", "Bravo", "Charlie", "Delta", "Echo", "Foxtrot", "Golf", "Hotel", "India", "Juliett", "Kilo",
    "Lima", "Mike", "November", "Oscar", "Papa", "Quebec", "Romeo", "Sierra", "Tango", "Uniform", "Victor",
    "Whiskey", "X-ray", "Yankee", "Zulu",
)
# fmt: on

_UNUSABLE = {"Cc", "Cs", "Zl", "Zp"}
"""Unicode categories that no name may hold: control characters, lone surrogates, ends of lines."""


def _neutral(labels: Sequence[str]) -> Iterator[str]:
    return (f"Agent-{_column(index)}" for index in range(len(labels)))


def _column(index: int) -> str:
    """0 → A, 25 → Z, 26 → AA: as spreadsheets name their columns."""
    rest, last = divmod(index, 26)
    return (_column(rest - 1) if rest else "") + chr(ord("A") + last)


def _nato(labels: Sequence[str]) -> Iterator[str]:
    for index in range(len(labels)):
        lap, place = divmod(index, len(NATO))
        yield f"{NATO[place]}-{lap + 1}" if lap else NATO[place]


def _real(labels: Sequence[str]) -> Iterator[str]:
    given: set[str] = set()
    for label in labels:
        name, copy = label, 1
        # A second "X" is not called "X (2)" where another model's label already says that.
        while name in given or (copy > 1 and name in labels):
            copy += 1
            name = f"{label} ({copy})"
        given.add(name)
        yield name


NAMINGS: Mapping[str, Callable[[Sequence[str]], Iterator[str]]] = {
    "neutral": _neutral,
    "nato": _nato,
    "real": _real,
}
"""Scheme → the agents' names, from the labels of their models in the order of the seats."""


def name_agents(scheme: str | Sequence[str], labels: Sequence[str]) -> tuple[str, ...]:
    """A name for each of `labels`, by a scheme of `NAMINGS` or from a list of names (which may be longer).

    ValueError where the list is too short, or its names cannot be told apart or used in a message's id.
    """
    if isinstance(scheme, str):
        if scheme not in NAMINGS:
            raise ValueError(f"no naming scheme {scheme!r}; use {', '.join(NAMINGS)}, or a list of names")
        names = tuple(NAMINGS[scheme](labels))
    else:
        if len(scheme) < len(labels):
            raise ValueError(f"{len(scheme)} names for {len(labels)} agents; give at least {len(labels)}")
        names = tuple(name.strip() for name in scheme[: len(labels)])
    _check(names)
    return names


def _check(names: Sequence[str]) -> None:
    taken: dict[str, str] = {}
    for name in names:
        if not name or "|" in name or not set(map(unicodedata.category, name)).isdisjoint(_UNUSABLE):
            raise ValueError(f"{name!r} cannot be a name: it must be one line of text without `|`")
        key = spelling.key(name)
        if key in taken:
            raise ValueError(f"the names {taken[key]!r} and {name!r} are too much alike to tell agents apart")
        taken[key] = name
