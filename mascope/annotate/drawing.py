"""What stands on the annotator's screen, as styled text. What models wrote is never read as markup."""

from collections.abc import Mapping, Sequence

from textual.content import Content

from mascope.annotate.keys import LEVEL_KEYS
from mascope.codebook import Codebook, Flag
from mascope.judging.annotation import Session, Shown
from mascope.judging.notebook import Entry
from mascope.records import Answer

Part = str | Content | tuple[str, str]

UNTOUCHED = "·"
STYLES: Mapping[Answer | None, str] = {
    "yes": "bold $success",
    "unsure": "bold $warning",
    "no": "",
    None: "dim",
}
COMMANDS = (
    ("Enter", "next"),
    ("b", "back"),
    ("u", "undo"),
    ("s", "skip"),
    ("t", "note"),
    ("x", "context"),
    ("r", "to do"),
    ("q", "quit"),
)


def _joined(parts: Sequence[Part], between: str = "") -> Content:
    contents = [Content.assemble(part) for part in parts]
    return Content(between).join(contents)


def commands() -> Content:
    return _joined([Content.assemble((key, "bold $accent"), " ", what) for key, what in COMMANDS], "  ")


# How far one is --------------------------------------------------------------------------------------------


def progress(session: Session, coder: str, simulated: bool) -> Content:
    parts: list[Part] = [(coder, "bold"), _counts(session)]
    each, left = session.seconds_each, session.seconds_left
    if each is not None and left is not None:
        parts.append(f"{each:.0f} s each, {duration(left)} left")
    if simulated:
        parts.append(("SIMULATED", "bold $warning"))
    return _joined(parts, " · ")


def _counts(session: Session) -> str:
    coded = f"{session.coded} of {len(session.tasks)} coded"
    return f"{coded}, {session.skipped} skipped" if session.skipped else coded


def duration(seconds: float) -> str:
    """`40 s`, `12 min`, `1 h 05 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


# The message -----------------------------------------------------------------------------------------------


def message(shown: Shown, *, with_context: bool) -> Content:
    parts: list[Part] = []
    if shown.silent:
        parts.append((f"Silent: {'; '.join(shown.silent)}\n\n", "italic dim"))
    if with_context:
        parts.extend(_context(shown))
    parts.append(shown.text)
    return _joined(parts)


def _context(shown: Shown) -> list[Part]:
    if not shown.context:
        return [("Nothing was said before.\n\n", "italic dim")]
    before: list[Part] = []
    for said in shown.context:
        before += [(said.speaker, "bold dim"), (f"\n{said.text}\n\n", "dim")]
    return [*before, (f"To code: {shown.speaker}\n", "bold $accent")]


def message_title(session: Session, shown: Shown) -> str:
    words = f"{shown.words:,} word{'' if shown.words == 1 else 's'}"
    state = "recorded" if session.is_recorded else "not recorded yet"
    if session.entry.skipped:
        state = "skipped"
    return f"{session.place + 1}: {shown.speaker}, {words}, {state}"


def ending(session: Session) -> Content:
    """What stands where no message is left."""
    parts: list[Part] = [("This was the last message.\n\n", "bold"), f"{_counts(session)}.\n"]
    still = len(session.tasks) - session.coded
    if still:
        parts.append(f"Press r to go to the {still} that {'has' if still == 1 else 'have'} no codes.\n")
    parts.append("Everything is recorded. Press b to look at messages again, q to quit.")
    return _joined(parts)


# Flags and codebook ----------------------------------------------------------------------------------------


def flags(codebook: Codebook, keys: Mapping[str, str], entry: Entry, in_hand: str | None) -> Content:
    """A line a flag with its key and its answer, and the levels of the flag that is in hand."""
    key_of = {name: key for key, name in keys.items()}
    width = max(len(name) for name in codebook.names)
    lines = []
    for flag in codebook.flags:
        lines.append(_flag(flag, key_of[flag.name], entry, width))
        if flag.levels and (flag.name == in_hand or entry.answer(flag.name) == "yes"):
            lines.append(_levels(flag, entry))
    if entry.note:
        lines.append(Content.styled(f"Note: {entry.note}", "italic"))
    return _joined(lines, "\n")


def _flag(flag: Flag, key: str, entry: Entry, width: int) -> Content:
    answer = entry.answer(flag.name)
    level = entry.marks[flag.name].level if answer == "yes" else None
    said = " ".join(word for word in (answer or UNTOUCHED, level) if word)
    return Content.assemble((key, "bold $accent"), "  ", f"{flag.name:<{width}}  ", (said, STYLES[answer]))


def _levels(flag: Flag, entry: Entry) -> Content:
    chosen = entry.marks[flag.name].level if flag.name in entry.marks else None
    parts: list[Part] = [" "]
    for key, level in zip(LEVEL_KEYS, flag.levels, strict=False):
        parts += ["  ", (key, "bold $accent"), " ", (level, "reverse" if level == chosen else "")]
    return _joined(parts)


def definition(flag: Flag, key: str) -> Content:
    """A flag as the codebook has it."""
    parts: list[Part] = [
        (key, "bold $accent"),
        " ",
        (flag.name, "bold"),
        "\n",
        " ".join(flag.definition.split()),
    ]
    for number, (level, meaning) in zip(LEVEL_KEYS, flag.levels.items(), strict=False):
        parts += ["\n", (number, "bold $accent"), " ", (level, "bold"), f" {' '.join(meaning.split())}"]
    for example in flag.examples:
        answer = " ".join(word for word in (example.answer, example.level) if word)
        why = f" ({example.why})" if example.why else ""
        parts += [
            "\n",
            (f"{answer}: ", STYLES[example.answer]),
            (f"“{example.text.strip()}”{why}", "dim"),
        ]
    return _joined([*parts, "\n"])
