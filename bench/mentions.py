"""Who is named: mascope's finder against the lists that the published platform kept, and where they differ.

    python bench/mentions.py [--data ../shared/data/warroom]

Counted are the agents other than its speaker that a message names. What mascope alone found is sorted by how
the text spells the name, what the platform alone found by why it may have taken one name for another.
"""

import argparse
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mascope.names import MentionFinder

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data" / "warroom"
SHOWN = 3
"""Examples of each kind."""
AROUND = 18
"""Characters shown on either side of a name."""


@dataclass(slots=True)
class Difference:
    """Mentions that one of the two found, by kind."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, example: str) -> None:
        self.counts[kind] += 1
        known = self.examples.setdefault(kind, [])
        if len(known) < SHOWN and example not in known:
            known.append(example)


@dataclass(slots=True)
class Compared:
    both: Counter[str] = field(default_factory=Counter)
    """Series → mentions that both found."""
    ours: Difference = field(default_factory=Difference)
    theirs: Difference = field(default_factory=Difference)


def compare(data: Path) -> Compared:
    found = Compared()
    for file in sorted((data / "transcripts").glob("*/*.json")):
        run = json.loads(file.read_text(encoding="utf-8"))
        seats = {seat["key"]: (seat["nickname"], seat["name"]) for seat in run["environment"]["agentRanking"]}
        finder = MentionFinder(seats)
        for message in run["conversation"]["messages"]:
            if "agent" in message and not message["isError"]:
                _compare_one(found, file.parent.name, finder, message, seats)
    return found


def _compare_one(
    found: Compared,
    series: str,
    finder: MentionFinder,
    message: Mapping[str, Any],
    seats: Mapping[str, tuple[str, str]],
) -> None:
    text, speaker = message["text"], message["sender"]
    theirs = {mention["key"] for mention in message["mentions"]} - {speaker}
    spans = {mention.agent: (mention.start, mention.end) for mention in reversed(finder.find(text))}
    ours = spans.keys() - {speaker}
    found.both[series] += len(theirs & ours)
    for agent in sorted(ours - theirs):
        start, end = spans[agent]
        found.ours.add(spelt(text[start:end], seats[agent]), _around(text, start, end))
    for agent in sorted(theirs - ours):
        found.theirs.add(mistaken(text, seats[agent]), text[:60].replace("\n", " "))


def spelt(name: str, names: tuple[str, str]) -> str:
    """How `name`, found in a text, differs from the agent's names."""
    if re.search(r"[\u2010-\u2015\u2212]", name):
        return "another hyphen than the keyboard's"
    if re.search(r"[\u00a0\u2000-\u200a\u202f]", name):
        return "a blank that does not break"
    folded = {each.casefold() for each in names}
    if name.casefold() in folded:
        return "as it is written"
    if any(re.sub(r"[\s-]", "", name).casefold() == re.sub(r"[\s-]", "", each) for each in folded):
        return "glued, split, or with another sign between its parts"
    return "a part that fits this agent alone, or an item of a list"


def mistaken(text: str, names: tuple[str, str]) -> str:
    """Why the platform may have taken the text to name this agent."""
    stem = names[1].split()[0].casefold()
    others = re.findall(rf"{re.escape(stem)}[\s\u00a0\u202f-]*[\d.]+", text.casefold())
    if others and not any(names[1].casefold().startswith(other) for other in others):
        return "the name of another model that begins alike"
    return "no name of the agent is in the text"


def _around(text: str, start: int, end: int) -> str:
    return text[max(0, start - AROUND) : end + AROUND].replace("\n", " ")


def lines(found: Compared) -> Iterator[str]:
    yield f"{'series':8}{'both':>8}"
    for series, count in sorted(found.both.items()):
        yield f"{series:8}{count:8,}"
    for who, difference in (("mascope", found.ours), ("the platform", found.theirs)):
        yield f"\nFound by {who} alone: {difference.counts.total():,}"
        for kind, count in difference.counts.most_common():
            shown = " · ".join(repr(example) for example in difference.examples[kind])
            yield f"{count:8,}  {kind}: {shown}"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("MASCOPE_WARROOM", DATA)))
    data = parser.parse_args().data
    if not (data / "transcripts").is_dir():
        sys.stdout.write(f"No published transcripts in {data}: nothing compared.\n")
        return 0
    for line in lines(compare(data)):
        sys.stdout.write(line + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
