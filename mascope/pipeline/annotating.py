"""A stage beside judging: a human codes a sample of the messages."""

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mascope.codebook import CODER_NAME, RULES, Panel
from mascope.errors import InvalidInput
from mascope.judging import sampling
from mascope.judging.annotation import Session, Showing
from mascope.judging.notebook import Notebook, Task, human_header, sample_of
from mascope.judging.sampling import Sample
from mascope.judging.units import Unit, units_of
from mascope.pipeline.panels import panel_of
from mascope.store import codes, journal
from mascope.store.codes import CoderHeader
from mascope.store.layout import Results

SIZE = 600
"""Messages in a sample, unless another number is asked for."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line may choose."""

    coder: str
    n: int | None = None
    """Left out: as the annotator began, else as the newest sample, else `SIZE`."""
    seed: int | None = None
    """Left out: likewise, else the panel's."""
    panel: Path | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """An annotator's work, ready to go on."""

    coder: str
    session: Session
    sample: Sample
    simulated: bool


@contextmanager
def opened(results: Results, options: Options) -> Iterator[Opened]:
    """The session of one annotator; nobody else can be the same annotator at the same time.

    Raises `InvalidInput` where the name, the sample or the codebook do not fit what is there.
    """
    simulated = bool((results.study().get("mascope") or {}).get("simulated"))
    panel = panel_of(results, options.panel)
    _check_name(results, panel, options.coder)
    header = human_header(options.coder, panel.codebook, panel.context)
    # A lock for each annotator: several may work on one results directory, and judges meanwhile.
    with Results(results.root / sampling.FOLDER / f".{options.coder}").locked():
        sample = _sample(results, panel, header, options)
        notebook = Notebook(results, header, sample.name)
        session = Session(_tasks(results, panel, sample), panel.codebook, notebook, Showing(panel))
        yield Opened(options.coder, session, sample, simulated)


def _check_name(results: Results, panel: Panel, coder: str) -> None:
    if not re.fullmatch(CODER_NAME, coder):
        raise InvalidInput(f"--coder: {coder!r} cannot name a coder; use letters, digits, '.', '_' and '-'")
    if coder in (RULES, *panel.coders):
        raise InvalidInput(f"--coder: {coder!r} is on the panel; choose a human's name")
    for file in results.codes_of(coder):
        found = codes.read_header(file)
        if found is not None and found.kind != "human":
            raise InvalidInput(
                f"--coder: {coder!r} is a coder of kind {found.kind} here; choose another name"
            )


# The sample -----------------------------------------------------------------------------------------------


def _sample(results: Results, panel: Panel, header: CoderHeader, options: Options) -> Sample:
    """The one begun, else the one asked for, which is drawn if need be."""
    begun = sample_of(results, header)
    there = [sampling.kept(results, name) for name in ([begun] if begun else sampling.samples(results))]
    fitting = [sample for sample in there if _fits(sample, options)]
    if fitting:
        return fitting[-1]
    if begun:
        raise InvalidInput(
            f"{header.coder!r} has begun the sample {begun}: leave --n and --seed out to go on with it, or "
            "choose another --coder"
        )
    seed = panel.seed if options.seed is None else options.seed
    return _drawn(results, panel, options.n or SIZE, seed)


def _fits(sample: Sample, options: Options) -> bool:
    return options.n in (None, sample.wanted) and options.seed in (None, sample.seed)


def _drawn(results: Results, panel: Panel, n: int, seed: int) -> Sample:
    """A new sample, kept. Not while runs or judges are at work: it would depend on how far they are."""
    with results.locked():
        units = _units(results, panel, None)
        found, coders = sampling.candidates(results, units)
        if not found:
            raise InvalidInput(f"{results.root} holds no message that could be coded; run the study first")
        drawn = sampling.draw(found, n, seed)
        sample = Sample(f"n{n}-seed{seed}", seed, n, len(found), coders, drawn)
        sampling.keep(results, sample)
    return sample


def _tasks(results: Results, panel: Panel, sample: Sample) -> list[Task]:
    runs = {drawn.message.partition("|")[0] for drawn in sample.messages}
    units = {unit.message.id: unit for unit in _units(results, panel, runs)}
    lost = [drawn.message for drawn in sample.messages if drawn.message not in units]
    if lost:
        raise InvalidInput(
            f"{sampling.sample_file(results, sample.name)}: {len(lost)} messages of the sample are no longer "
            f"there ({lost[0]}, …); bring their journals back, or begin a new sample with another --seed"
        )
    return [Task(units[drawn.message], drawn.weight) for drawn in sample.messages]


def _units(results: Results, panel: Panel, runs: Collection[str] | None) -> Iterator[Unit]:
    for file in results.journals():
        if runs is None or file.stem in runs:
            yield from units_of(journal.read(file), panel.context)
