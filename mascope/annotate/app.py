"""The annotator's screen, by Textual: the message at the left, its codes and the codebook at the right."""

from collections.abc import Callable, Mapping
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.events import Key
from textual.screen import ModalScreen, Screen
from textual.widgets import Input, Static

from mascope.annotate import drawing
from mascope.annotate.keys import LEVEL_KEYS, flag_keys
from mascope.codebook import Flag
from mascope.errors import MascopeError
from mascope.judging.annotation import Session


class AnnotateApp(App[MascopeError]):
    """Runs until the annotator quits; the result is what made it end before, if anything did."""

    ENABLE_COMMAND_PALETTE = False
    CSS = """
    #progress, #commands, #say { height: 1; padding: 0 1; }
    #progress { background: $panel; }
    #say { color: $warning; text-style: bold; }
    #body { height: 1fr; }
    #message { width: 1fr; border: round $primary; padding: 0 1; }
    #right { width: 38%; min-width: 28; max-width: 70; }
    #codes { height: auto; max-height: 60%; border: round $primary; padding: 0 1; }
    #codebook { height: 1fr; border: round $primary; padding: 0 1; }
    #codebook Static, #text { padding-right: 1; }
    VerticalScroll:focus { border: round $accent; }
    VerticalScroll { scrollbar-size-vertical: 1; }
    """

    def __init__(self, session: Session, coder: str, *, simulated: bool = False) -> None:
        super().__init__()
        self._main = MessageScreen(session, coder, simulated)

    def on_mount(self) -> None:
        self.push_screen(self._main)


class NoteScreen(ModalScreen[str | None]):
    """Asks for a note; None where the annotator thinks better of it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,ctrl+c", "dismiss", priority=True)]
    CSS = """
    NoteScreen { align: center bottom; background: transparent; }
    NoteScreen Input { border: round $accent; margin: 0 0 1 0; }
    """

    def __init__(self, note: str) -> None:
        super().__init__()
        self._note = note

    def compose(self) -> ComposeResult:
        field = Input(self._note, placeholder="a note on this message")
        field.border_title = "Note: Enter keeps it, Esc leaves it"
        yield field

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value)


class MessageScreen(Screen[None]):
    """One message after another."""

    AUTO_FOCUS = "#message"

    def __init__(self, session: Session, coder: str, simulated: bool) -> None:
        super().__init__()
        self._session, self._coder, self._simulated = session, coder, simulated
        self._keys = flag_keys(session.codebook.flags)
        self._levelled = {flag.name: tuple(flag.levels) for flag in session.codebook.flags if flag.levels}
        self._in_hand: str | None = None
        """The flag whose key was pressed last on this message: the one that level keys mean."""
        self._with_context = False

    def compose(self) -> ComposeResult:
        yield Static(id="progress")
        with Horizontal(id="body"):
            with VerticalScroll(id="message"):
                yield Static(id="text", markup=False)
            with Vertical(id="right"):
                with VerticalScroll(id="codes", can_focus=False):
                    yield Static(id="flags")
                with VerticalScroll(id="codebook"):
                    yield from self._definitions()
        yield Static(id="say", markup=False)
        yield Static(drawing.commands(), id="commands")

    def _definitions(self) -> ComposeResult:
        codebook = self._session.codebook
        if codebook.preamble.strip():
            yield Static(" ".join(codebook.preamble.split()) + "\n", markup=False)
        key_of = {name: key for key, name in self._keys.items()}
        for flag in codebook.flags:
            yield Static(drawing.definition(flag, key_of[flag.name]), id=_place_of(flag))

    def on_mount(self) -> None:
        self.query_one("#codes").border_title = "Codes"
        self.query_one("#codebook").border_title = "Codebook"
        self._draw_message()

    # What keys do

    def on_key(self, event: Key) -> None:
        """All keys but those that scroll, in the order in which they were pressed.

        Not as bindings: those with priority (a pane takes the arrows from others) overtake the rest, so that
        quick hands would finish a message before its last flag.
        """
        command, typed = COMMANDS.get(event.key), event.character or ""
        if command is not None:
            event.stop()
            command(self)
        elif not self._session.ended and typed in self._keys:
            self._toggle(self._keys[typed])
        elif not self._session.ended and typed in LEVEL_KEYS:
            self._choose(LEVEL_KEYS[typed])

    def _toggle(self, name: str) -> None:
        self._in_hand = name
        self._do(lambda: self._session.toggle(name))
        self.query_one("#codebook").scroll_to_widget(self.query_one(f"#flag-{name}"), top=True, animate=False)

    def _choose(self, number: int) -> None:
        flag = self._in_hand if self._in_hand in self._levelled else next(iter(self._levelled), None)
        if flag is None or number >= len(self._levelled[flag]):
            return
        self._in_hand = flag
        level = self._levelled[flag][number]
        self._do(lambda: self._session.level(flag, level))

    def next(self) -> None:
        if not self._session.ended:
            self._go(self._session.next)

    def skip(self) -> None:
        if not self._session.ended:
            self._go(self._session.skip)

    def back(self) -> None:
        self._go(self._session.back)

    def to_do(self) -> None:
        self._go(self._session.go_to_open)

    def undo(self) -> None:
        self._go(lambda: None if self._session.undo() else "There is nothing to take back.")

    def note(self) -> None:
        if not self._session.ended:
            self.app.push_screen(NoteScreen(self._session.entry.note), self._noted)

    def _noted(self, note: str | None) -> None:
        if note is not None:
            self._do(lambda: self._session.note(note))

    def context(self) -> None:
        self._with_context = not self._with_context
        self._draw_text()

    def page_down(self) -> None:
        self.query_one("#message").scroll_page_down(animate=False)

    def leave(self) -> None:
        self.app.exit()

    # Doing and drawing

    def _go(self, move: Callable[[], str | None]) -> None:
        """To another message, unless something stands against it, which is then said."""
        before = self._session.place
        self._do(move)
        if self._session.place != before:
            self._in_hand, self._with_context = None, False
            self._draw_message()

    def _do(self, what: Callable[[], str | None]) -> None:
        try:
            said = what()
        except MascopeError as error:  # the disk is full: what was recorded is kept
            self.app.exit(error)
            return
        self.query_one("#say", Static).update(said or "")
        self._draw_codes()

    def _draw_message(self) -> None:
        self._draw_text()
        self._draw_codes()
        self.query_one("#message").scroll_home(animate=False)

    def _draw_text(self) -> None:
        text = self.query_one("#text", Static)
        if self._session.ended:
            text.update(drawing.ending(self._session))
        else:
            text.update(drawing.message(self._session.shown(), with_context=self._with_context))

    def _draw_codes(self) -> None:
        session = self._session
        self.query_one("#progress", Static).update(drawing.progress(session, self._coder, self._simulated))
        codes, pane = self.query_one("#flags", Static), self.query_one("#message")
        if session.ended:
            codes.update("")
            pane.border_title = "The end"
            return
        codes.update(drawing.flags(session.codebook, self._keys, session.entry, self._in_hand))
        pane.border_title = drawing.message_title(session, session.shown())


def _place_of(flag: Flag) -> str:
    return f"flag-{flag.name}"


COMMANDS: Mapping[str, Callable[[MessageScreen], None]] = {
    "enter": MessageScreen.next,
    "n": MessageScreen.next,
    "right": MessageScreen.next,
    "b": MessageScreen.back,
    "left": MessageScreen.back,
    "backspace": MessageScreen.back,
    "u": MessageScreen.undo,
    "ctrl+z": MessageScreen.undo,
    "s": MessageScreen.skip,
    "t": MessageScreen.note,
    "x": MessageScreen.context,
    "r": MessageScreen.to_do,
    "space": MessageScreen.page_down,
    "q": MessageScreen.leave,
    "ctrl+c": MessageScreen.leave,
}
"""Key → what it does. Letters among them are `keys.RESERVED`."""
