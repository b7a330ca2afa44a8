"""How far the rule-based coder agrees with the published human codes and judges, and how fast it is.

    python bench/rules.py [--panel judges/behaviour.yaml] [--data ../shared/data/warroom]

Its phrases were written with the transcripts of these five series at hand, so the agreement on other
transcripts will be lower. The one number that was tuned on the codes, how much of a message is read, is
cross-validated: each series is coded with the number that agrees best with the human on the other series.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mascope.codebook import Codebook
from mascope.imports import IMPORTERS, import_codes
from mascope.judging.rules import RuleCoder, Rules, Seat
from mascope.judging.units import Unit, units_of
from mascope.panelfile import load_panel
from mascope.records import Coding
from mascope.stats import confusion
from mascope.store import codes, journal
from mascope.store.layout import Results

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data" / "warroom"
OTHERS = ("human", "gemini", "sonnet")
OPENINGS = (300, 450, 620, 800, 1200, None)
"""Characters that are read, as tried in the cross-validation; None is all of them."""

Truth = Mapping[str, Mapping[str, Mapping[str, bool]]]
"""Coder → message → flag → whether it holds."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The messages that a human coded, and all of them for the timing."""

    coded: Sequence[Unit]
    all: Sequence[Unit]
    truth: Truth


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--panel", type=Path, default=ROOT / "judges" / "behaviour.yaml")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("MASCOPE_WARROOM", DATA)))
    options = parser.parse_args()
    if not (options.data / "human_coding.csv").is_file():
        say(f"No published data in {options.data}: give --data, or set MASCOPE_WARROOM. Nothing measured.")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        sample = read(options.data, Results(Path(folder) / "warroom"))
    codebook = load_panel(options.panel).codebook
    for line in [
        *agreement(codebook, sample),
        "",
        *cross_validated(codebook, sample),
        "",
        speed(codebook, sample),
    ]:
        say(line)
    return 0


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def read(data: Path, results: Results) -> Sample:
    IMPORTERS["warroom"](data / "transcripts", results)
    truth: dict[str, dict[str, dict[str, bool]]] = {}
    for other in OTHERS:
        import_codes(data / "human_coding.csv", results, coder=other, prefix=f"{other}_")
        truth[other] = dict(answers(results, other))
    units = [unit for file in results.journals() for unit in units_of(journal.read(file), 0)]
    return Sample([unit for unit in units if unit.message.id in truth["human"]], units, truth)


def answers(results: Results, coder: str) -> Iterator[tuple[str, dict[str, bool]]]:
    for file in results.codes_of(coder):
        for verdict in codes.read(file).verdicts:
            if isinstance(verdict, Coding):
                yield verdict.message, {flag: mark.answer == "yes" for flag, mark in verdict.marks.items()}


def coded_by_rules(codebook: Codebook, units: Sequence[Unit]) -> dict[str, dict[str, bool]]:
    rules = Rules(codebook)
    return {
        unit.message.id: {
            flag: mark.answer == "yes" for flag, mark in rules.code(unit.message.text, seat).items()
        }
        for unit, seat in zip(units, seats(codebook, units), strict=True)
    }


def seats(codebook: Codebook, units: Sequence[Unit]) -> list[Seat]:
    coder = RuleCoder(codebook)
    return [coder.seat(unit) for unit in units]


def kappa(
    ours: Mapping[str, Mapping[str, bool]], theirs: Mapping[str, Mapping[str, bool]], flag: str
) -> float:
    """Cohen's kappa on the messages of `ours`; 0 where it is undefined."""
    table = confusion.confusion([ours[m][flag] for m in ours], [theirs[m][flag] for m in ours])
    value = float(confusion.kappa(confusion.as_counts(table)))
    return value if value == value else 0.0


def agreement(codebook: Codebook, sample: Sample) -> Iterator[str]:
    ours = coded_by_rules(codebook, sample.coded)
    yield f"Kappa of the rules with each coder, {len(ours)} messages (phrases written knowing these series)"
    yield from table(codebook.names, ours, sample.truth)


def table(flags: Sequence[str], ours: Mapping[str, Mapping[str, bool]], truth: Truth) -> Iterator[str]:
    yield f"{'flag':8}{'rules':>7}" + "".join(f"{other:>9}{'kappa':>7}" for other in OTHERS)
    means = dict.fromkeys(OTHERS, 0.0)
    for flag in flags:
        row = f"{flag:8}{sum(marks[flag] for marks in ours.values()):7}"
        for other in OTHERS:
            value = kappa(ours, truth[other], flag)
            means[other] += value / len(flags)
            row += f"{sum(truth[other][message][flag] for message in ours):9}{value:7.3f}"
        yield row
    yield f"{'mean':15}" + "".join(f"{'':9}{means[other]:7.3f}" for other in OTHERS)


def cross_validated(codebook: Codebook, sample: Sample) -> Iterator[str]:
    """The kappas where each series is read as far as serves the others best."""
    by_opening = {opening: coded_by_rules(reading(codebook, opening), sample.coded) for opening in OPENINGS}
    human, chosen = sample.truth["human"], []
    pooled: dict[str, dict[str, bool]] = {}
    for series in dict.fromkeys(series_of(unit) for unit in sample.coded):
        others = [unit.message.id for unit in sample.coded if series_of(unit) != series]
        best = max(OPENINGS, key=lambda opening: mean(codebook, by_opening[opening], human, others))
        chosen.append(f"{series}: {best or 'all'}")
        pooled |= {
            unit.message.id: by_opening[best][unit.message.id]
            for unit in sample.coded
            if series_of(unit) == series
        }
    yield "The same, characters read chosen on the other series (" + ", ".join(chosen) + ")"
    yield from table(codebook.names, pooled, sample.truth)
    everything = mean(codebook, by_opening[None], human, list(by_opening[None]))
    yield f"Whole messages read: mean kappa with the human {everything:.3f}"


def mean(
    codebook: Codebook,
    ours: Mapping[str, Mapping[str, bool]],
    theirs: Mapping[str, Mapping[str, bool]],
    messages: Sequence[str],
) -> float:
    part = {message: ours[message] for message in messages}
    return sum(kappa(part, theirs, flag) for flag in codebook.names) / len(codebook.names)


def reading(codebook: Codebook, opening: int | None) -> Codebook:
    """The codebook with another opening wherever it has one."""
    flags = tuple(
        replace(flag, cues={**flag.cues, "opening": opening}) if flag.cues.get("opening") else flag
        for flag in codebook.flags
    )
    return replace(codebook, flags=flags)


def series_of(unit: Unit) -> str:
    return unit.run.partition("-")[0]


def speed(codebook: Codebook, sample: Sample) -> str:
    rules, placed = Rules(codebook), seats(codebook, sample.all)
    start = time.process_time()
    for unit, seat in zip(sample.all, placed, strict=True):
        rules.code(unit.message.text, seat)
    seconds = time.process_time() - start
    messages = len(sample.all)
    return f"Speed: {messages / seconds:,.0f} messages a second of CPU time ({messages:,} messages)"


if __name__ == "__main__":
    sys.exit(main())
