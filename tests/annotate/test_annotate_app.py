"""The real application, driven by its keys; nothing of it is replaced but the terminal."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from mascope.annotate.app import AnnotateApp
from mascope.codebook import Codebook, Example, Flag
from mascope.errors import InvalidInput, MascopeError
from mascope.judging.annotation import Session, Shown
from mascope.judging.blinding import Quoted
from mascope.judging.notebook import Entry, Notebook, Task, human_header
from mascope.judging.units import Unit, units_of
from mascope.records import Mark
from mascope.store import codes, journal
from mascope.store.layout import Results
from tests.judging.small_study import write_run

CODEBOOK = Codebook(
    "Judge each message by itself.",
    (
        Flag("LEAD", "Assigns a [task].", True, {}, (Example("Do it, [/b]!", "yes"),), {}),
        Flag("META", "About the process.", True, {}, (), {}),
        Flag("COMP", "Makes up.", False, {"L1": "notes", "L2": "covers"}, (), {}),
    ),
)
SHOWN = Shown("Speaker A", "Élodie dit : [bold]naïveté[/] œuvre", (Quoted("Speaker B", "Avant."),), (), 4)


class Drive:
    """One session, the screen that shows it, and what is on disk."""

    def __init__(self, folder: Path, shown: Shown = SHOWN) -> None:
        self.results, self.shown = Results(folder / "study"), shown
        write_run(self.results, "A", 1)
        self.session = self.begin()
        self.screen = ""

    def begin(self) -> Session:
        (file,) = self.results.journals()
        tasks = [Task(unit, 2.0) for unit in units_of(journal.read(file), 0)]
        header = human_header("ada", CODEBOOK, 0)
        return Session(tasks[:3], CODEBOOK, Notebook(self.results, header, "n3-seed0"), self.show)

    def show(self, unit: Unit) -> Shown:
        return self.shown

    def press(self, *keys: str, size: tuple[int, int] = (80, 24)) -> MascopeError | None:
        """Start the application, press the keys, note what stands on the screen, leave."""
        app = AnnotateApp(self.session, "ada", simulated=True)

        async def driven() -> None:
            async with app.run_test(size=size) as pilot:
                await press(pilot, keys)
                if app.is_running:
                    self.screen = on_screen(app)

        asyncio.run(driven())
        return app.return_value

    @property
    def marks(self) -> list[dict[str, Mark]]:
        found = [codes.read(file) for file in self.results.codes_of("ada")]
        return [dict(v.marks) for one in found for v in one.verdicts if hasattr(v, "marks")]


async def press(pilot: "Pilot[MascopeError]", keys: Sequence[str]) -> None:
    for key in keys:
        await pilot.press(key)
    await pilot.pause()


def on_screen(app: AnnotateApp) -> str:
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


@pytest.fixture
def drive(tmp_path: Path) -> Drive:
    return Drive(tmp_path)


NO, YES = Mark("no"), Mark("yes")


def test_keys_code_a_message_and_it_is_on_disk_at_once(drive: Drive) -> None:
    drive.press("l", "m", "m", "c", "2", "enter")

    assert drive.marks == [{"LEAD": YES, "META": Mark("unsure"), "COMP": Mark("yes", "L2")}]
    assert drive.session.place == 1


def test_a_flag_pressed_just_before_enter_is_not_overtaken(drive: Drive) -> None:
    async def at_once() -> None:
        app = AnnotateApp(drive.session, "ada")
        async with app.run_test() as pilot:
            await pilot.press("l", "enter", "m", "enter", "c", "1", "right")

    asyncio.run(at_once())

    assert [{f for f, mark in marks.items() if mark.answer == "yes"} for marks in drive.marks] == [
        {"LEAD"},
        {"META"},
        {"COMP"},
    ]


def test_the_message_the_codebook_and_the_keys_stand_side_by_side(drive: Drive) -> None:
    drive.press()

    assert "Élodie dit : [bold]naïveté[/] œuvre" in drive.screen  # models' markup is text
    assert "ada · 0 of 3 coded · SIMULATED" in drive.screen
    for said in ("l  LEAD", "c  COMP", "Judge each message", "Speaker A, 4 words", "x context", "q quit"):
        assert said in drive.screen
    assert "A-run01" not in drive.screen


def test_the_definition_comes_into_view_with_the_flags_key(drive: Drive) -> None:
    drive.press("l", size=(100, 30))

    assert "Assigns a [task]." in drive.screen
    assert "“Do it, [/b]!”" in drive.screen


def test_context_comes_on_demand_and_goes_with_the_message(drive: Drive) -> None:
    drive.press()
    assert "Avant." not in drive.screen
    drive.press("x")
    assert "Avant." in drive.screen
    drive.press("x", "x")
    assert "Avant." not in drive.screen
    drive.press("x", "enter")
    assert "Avant." not in drive.screen


def test_back_undo_and_skip(drive: Drive) -> None:
    drive.press("l", "enter", "s")
    assert (drive.session.coded, drive.session.skipped) == (1, 1)

    drive.press("u")
    assert (drive.session.place, drive.session.skipped) == (1, 0)
    drive.press("b", "l", "n")
    assert drive.marks == [{"LEAD": Mark("unsure"), "META": NO, "COMP": NO}]


def test_undo_with_nothing_to_undo_says_so(drive: Drive) -> None:
    drive.press("u")

    assert "There is nothing to take back." in drive.screen


def test_a_level_that_is_missing_is_asked_for(drive: Drive) -> None:
    drive.press("c", "enter")

    assert "COMP: which level?" in drive.screen
    assert drive.marks == []
    drive.press("1", "enter")
    assert drive.marks == [{"LEAD": NO, "META": NO, "COMP": Mark("yes", "L1")}]


def test_a_level_key_that_no_level_has_does_nothing(drive: Drive) -> None:
    drive.press("c", "9")

    assert drive.session.entry.marks["COMP"] == YES


def test_letters_of_a_note_are_not_commands(drive: Drive) -> None:
    drive.press("t", *"lqs", "é", "enter")

    assert drive.session.entry == Entry(note="lqsé")
    assert "Note: lqsé" in drive.screen


def test_a_note_can_be_left_as_it_was(drive: Drive) -> None:
    drive.session.note("old")
    drive.press("t", "x", "escape", "l")

    assert drive.session.entry == Entry({"LEAD": YES}, "old")


@pytest.mark.parametrize("key", ["q", "ctrl+c", "ctrl+q"])
def test_quitting_keeps_what_is_recorded_and_resumes_behind_it(drive: Drive, key: str) -> None:
    assert drive.press("l", "enter", "m", key) is None

    assert drive.marks == [{"LEAD": YES, "META": NO, "COMP": NO}]
    assert drive.begin().place == 1


def test_the_end_is_told_and_leads_back_to_what_was_skipped(drive: Drive) -> None:
    drive.press("s", "enter", "enter")
    assert "This was the last message." in drive.screen
    assert "the 1 that has no codes" in drive.screen

    drive.press("l", "1", "enter", "s", "t", "x", "space")  # nothing is there to be coded
    assert drive.session.ended
    drive.press("r", "enter")
    assert (drive.session.coded, drive.session.skipped) == (3, 0)


def test_a_message_of_100_kb_scrolls_to_its_end(tmp_path: Path) -> None:
    drive = Drive(tmp_path, replace(SHOWN, text="Une phrase à lire. " * 5500 + "FIN"))
    app = AnnotateApp(drive.session, "ada")

    async def driven() -> tuple[float, str]:
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.press("space", "space")
            scrolled = app.screen.query_one("#message").scroll_y
            app.screen.query_one("#message").scroll_end(animate=False)
            await pilot.pause()
            return scrolled, on_screen(app)

    scrolled, screen = asyncio.run(driven())

    assert scrolled > 20
    assert "FIN" in screen


@pytest.mark.parametrize("size", [(80, 24), (40, 12), (200, 60)])
def test_it_can_be_worked_with_in_any_terminal(drive: Drive, size: tuple[int, int]) -> None:
    drive.press("l", size=size)

    assert "LEAD" in drive.screen
    assert "yes" in drive.screen
    assert "q quit" in drive.screen or size[0] < 80


def test_a_full_disk_ends_it_with_the_error_and_not_with_a_traceback(
    drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise InvalidInput("no room")

    monkeypatch.setattr(Notebook, "write", full)

    failed = drive.press("l", "enter")

    assert isinstance(failed, InvalidInput)
