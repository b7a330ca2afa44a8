"""How many calls and tokens a study will take, before it runs. Ranges, since answers differ in length."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from mascope.study.condition import SILENCING, Condition, Participant, Study
from mascope.study.probes import Probe

CHARACTERS_PER_TOKEN = 4
SHORTEST_ANSWER = 0.1
"""Of max_tokens. The upper end is max_tokens itself: a model that reasons can use them all."""


@dataclass(frozen=True, slots=True)
class Range:
    low: float
    high: float

    def __add__(self, other: "Range") -> "Range":
        return Range(self.low + other.low, self.high + other.high)

    def times(self, factor: float) -> "Range":
        return Range(self.low * factor, self.high * factor)


@dataclass(frozen=True, slots=True)
class Load:
    """What one model has to do in one series, over all its runs."""

    series: str
    model: str
    calls: int
    prompt_tokens: Range
    completion_tokens: Range


def loads(study: Study) -> tuple[Load, ...]:
    """One load for each series and model that it uses."""
    return tuple(
        _load(series, condition, model.key)
        for series, condition in study.series.items()
        for model in study.models_of(series)
    )


def messages(condition: Condition) -> int:
    """Messages of one run that models write, if nothing fails but what the study asks for."""
    return sum(
        participant.asked(round_)
        for participant in condition.participants
        for round_ in _rounds(condition, participant)
    )


def answer_tokens(participant: Participant) -> Range:
    """Length of one answer."""
    return Range(SHORTEST_ANSWER, 1).times(participant.sampling.max_tokens)


def _load(series: str, condition: Condition, model: str) -> Load:
    calls, prompts, answers = 0, Range(0, 0), Range(0, 0)
    for participant in condition.participants:
        if participant.model != model:
            continue
        for prompt, answer in _calls(condition, participant):
            calls += 1
            prompts += prompt
            answers += answer
    runs = condition.runs
    return Load(series, model, calls * runs, prompts.times(runs), answers.times(runs))


def _calls(condition: Condition, participant: Participant) -> Iterator[tuple[Range, Range]]:
    """(prompt, answer) of each call of one run: its turns, and the private questions put to it."""
    said = _said_before(condition, _concerned(condition, participant))
    for round_ in _rounds(condition, participant):
        if participant.asked(round_):
            shown = _shown(condition, said, round_)
            yield _prompt(condition, participant, shown), answer_tokens(participant)
    for probe in condition.probes:
        question = Range(1, 1).times((len(probe.ask) + len(probe.instruct)) / CHARACTERS_PER_TOKEN)
        for moment in probe.moments:
            prompt = _prompt(condition, participant, said[moment + 1])
            yield prompt + question, _probe_tokens(participant, probe)


def _shown(condition: Condition, said: list[Range], round_: int) -> Range:
    """What was said before a turn; unless rounds are simultaneous, up to all of its own round too."""
    if condition.schedule.visibility == "simultaneous":
        return said[round_]
    return Range(said[round_].low, said[round_ + 1].high)


def _probe_tokens(participant: Participant, probe: Probe) -> Range:
    """One word, or all the room that a model takes that reasons."""
    return Range(1, probe.max_tokens or participant.sampling.max_tokens)


def _rounds(condition: Condition, participant: Participant) -> list[int]:
    """Rounds in which the participant speaks."""
    silent = [fault for fault in condition.faults if fault.kind in SILENCING]
    return [
        round_
        for round_ in range(condition.rounds)
        if participant.speaks(round_) and not any(fault.holds(participant.id, round_) for fault in silent)
    ]


def _said_before(condition: Condition, speakers: tuple[Participant, ...]) -> list[Range]:
    """Tokens that `speakers` have said before each round, and in all (the last entry)."""
    said = [Range(0, 0)] * condition.rounds
    for speaker in speakers:
        for round_ in _rounds(condition, speaker):
            said[round_] += _turn_tokens(speaker, round_)
    return list(accumulate(said, initial=Range(0, 0)))


def _turn_tokens(participant: Participant, round_: int) -> Range:
    if participant.asked(round_):
        return answer_tokens(participant)
    return Range(1, 1).times(len(participant.lines[round_]) / CHARACTERS_PER_TOKEN)


def _prompt(condition: Condition, participant: Participant, shown: Range) -> Range:
    """Tokens of one prompt: it grows by every answer that the rounds before added to what is shown."""
    system = sum(len(template) for template in condition.scaffold.templates.values())
    names = 12 * len(condition.participants)
    persona = len(participant.persona or "")
    fixed = (len(condition.brief) + system + names + persona) / CHARACTERS_PER_TOKEN
    window = condition.window.tokens
    if condition.window.messages is not None:
        answers = [answer_tokens(peer) for peer in condition.participants]
        longest = Range(max(a.low for a in answers), max(a.high for a in answers))
        most = longest.times(condition.window.messages)
        shown = Range(min(shown.low, most.low), min(shown.high, most.high))
    whole = Range(fixed, fixed) + shown
    return whole if window is None else Range(min(whole.low, fixed + window), min(whole.high, fixed + window))


def _concerned(condition: Condition, participant: Participant) -> tuple[Participant, ...]:
    match condition.schedule.interaction:
        case "isolation":
            return ()
        case "solo":
            return (participant,)
        case _:
            return condition.participants
