"""How many calls and tokens a study will take, before it runs. Ranges, since answers differ in length."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from math import inf
from string import Formatter

from mascope.chat.tokens import PER_TURN, estimated
from mascope.prompting import placeholders
from mascope.study.condition import SILENCING, Condition, Participant, Study
from mascope.study.probes import Probe

LONG_NAME = 8
"""Tokens of a name at most; one at least."""
LISTS = ("others", "silent", "active")
"""Placeholders that stand for the names of all others."""
NAMES_AND_MARKS = 0.25
"""What these take, as a share of what a window of tokens holds, which counts texts only."""
AROUND_A_MESSAGE = PER_TURN + LONG_NAME
"""Tokens that its author's name and the chat's template take, at most."""
SHORTEST_ANSWER = 0.01
"""Of max_tokens: one sentence of ten words where 1,024 are allowed. Agents that agree say no more, and briefs
may ask for no more. The upper end is max_tokens itself: a model that reasons can use them all."""


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
    calls_most: int
    """Where every answer is empty and asked for again as often as the study says."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of one run."""

    round: int
    """The round of the turn, or the one after which it is a private question."""
    prompt: Range
    answer: Range
    times: int = 1
    """How often at most: a turn whose answer is empty may be asked for again."""


@dataclass(frozen=True, slots=True)
class Overflow:
    """A model that may be given more than it holds."""

    series: str
    model: str
    limit: int
    """Tokens of prompt and answer together."""
    may: int
    """The first round whose prompt is too long where every answer is as long as it can be."""
    must: int | None
    """The first where it is too long even if every answer is short; None where there is none."""


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
    calls, most, prompts, answers = 0, 0, Range(0, 0), Range(0, 0)
    for call in _calls_of(condition, model):
        calls += 1
        most += call.times
        prompts += Range(call.prompt.low, call.prompt.high * call.times)
        answers += Range(call.answer.low, call.answer.high * call.times)
    runs = condition.runs
    return Load(series, model, calls * runs, prompts.times(runs), answers.times(runs), most * runs)


def overflows(study: Study) -> tuple[Overflow, ...]:
    """The models of each series that may be given more than they hold, where that is known."""
    found = (
        _overflow(series, condition, model.key, model.context_tokens)
        for series, condition in study.series.items()
        for model in study.models_of(series)
        if model.context_tokens is not None
    )
    return tuple(overflow for overflow in found if overflow is not None)


def _overflow(series: str, condition: Condition, model: str, limit: int) -> Overflow | None:
    may = must = inf
    for call in _calls_of(condition, model):
        if call.prompt.high + call.answer.high > limit:
            may = min(may, max(call.round, 0))
        if call.prompt.low + call.answer.high > limit:
            must = min(must, max(call.round, 0))
    return (
        None if may == inf else Overflow(series, model, limit, int(may), None if must == inf else int(must))
    )


def _calls_of(condition: Condition, model: str) -> Iterator[Call]:
    for participant in condition.participants:
        if participant.model == model:
            yield from _turns(condition, participant)
            yield from _questions(condition, participant)


def _turns(condition: Condition, participant: Participant) -> Iterator[Call]:
    said = _said_before(condition, _concerned(condition, participant))
    hygiene = condition.hygiene
    times = 1 + (hygiene.ask_again if hygiene.empty == "ask_again" else 0)
    for round_ in _rounds(condition, participant):
        if participant.asked(round_):
            prompt = _prompt(condition, participant, _shown(condition, said, round_))
            yield Call(round_, prompt, answer_tokens(participant), times)


def _questions(condition: Condition, participant: Participant) -> Iterator[Call]:
    """The private questions put to it; none while it has crashed."""
    said = _said_before(condition, _concerned(condition, participant))
    crashes = [fault for fault in condition.faults if fault.kind == "crash"]
    for probe in condition.probes:
        question = Range(1, 1).times(estimated(probe.ask) + estimated(probe.instruct) + PER_TURN)
        for moment in probe.moments:
            if not any(fault.holds(participant.id, max(moment, 0)) for fault in crashes):
                prompt = _prompt(condition, participant, said[moment + 1]) + question
                yield Call(moment, prompt, _probe_tokens(participant, probe))


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
    """Tokens of what `speakers` have said before each round, and in all (the last entry)."""
    said = [Range(0, 0)] * condition.rounds
    for speaker in speakers:
        for round_ in _rounds(condition, speaker):
            said[round_] += _turn_tokens(speaker, round_)
    return list(accumulate(said, initial=Range(0, 0)))


def _turn_tokens(participant: Participant, round_: int) -> Range:
    if participant.asked(round_):
        said = answer_tokens(participant)
    else:
        said = Range(1, 1).times(estimated(participant.lines[round_]))
    return said + Range(0, AROUND_A_MESSAGE)


def _prompt(condition: Condition, participant: Participant, shown: Range) -> Range:
    """Tokens of one prompt: it grows by every answer that the rounds before added to what is shown."""
    frame, window = _frame(condition, participant), condition.window.tokens
    if condition.window.messages is not None:
        answers = [answer_tokens(peer) for peer in condition.participants]
        longest = Range(min(a.low for a in answers), max(a.high for a in answers) + AROUND_A_MESSAGE)
        most = longest.times(condition.window.messages)
        shown = Range(min(shown.low, most.low), min(shown.high, most.high))
    if window is not None:
        shown = Range(min(shown.low, window), min(shown.high, window * (1 + NAMES_AND_MARKS)))
    return frame + shown


def _frame(condition: Condition, participant: Participant) -> Range:
    """Tokens of all but the transcript: names may be short, and templates of chats take some room too."""
    templates = condition.scaffold.templates.values()
    literal = [text for template in templates for text, *_ in Formatter().parse(template)]
    texts = sum(map(estimated, (condition.brief, participant.persona or "", *literal)))
    names = sum(_names_in(template, len(condition.participants)) for template in templates)
    around = 3 * PER_TURN + estimated(condition.form.cue)
    return Range(texts + names, texts + LONG_NAME * names + around)


def _names_in(template: str, seats: int) -> int:
    """How many names fill its placeholders, at most."""
    return sum(seats - 1 if name in LISTS else 1 for name in placeholders(template))


def _concerned(condition: Condition, participant: Participant) -> tuple[Participant, ...]:
    match condition.schedule.interaction:
        case "isolation":
            return ()
        case "solo":
            return (participant,)
        case _:
            return condition.participants
