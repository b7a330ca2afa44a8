"""The pages' blocks: what they show is done, and what it prints compared. `python -m tests.docs.pages` writes
their outputs anew; `… NAME` those of one page.

Blocks of a page are done in order, in a directory of its own that holds `experiments/`, `judges/`, and `tea/`
as `mascope init tea` makes it:

    ```console   each `$ mascope …` is given; below it stands what it prints (after an error, the error too)
    ```python    is executed after the Python above it; a ```text block right below is what it prints
    ```yaml      is a part of a series or of a study (by its keys), ```yaml panel of a panel

An output line `…` stands for any number of lines. Comments right above a block mark it:

    <!-- file: PATH -->        the block is the content of PATH
    <!-- invalid -->           and is meant to be refused
    <!-- exit: 2 -->           the last command of the block ends with this code
    <!-- illustration -->      shows something and is not done
    <!-- needs: local -->      needs real models, or (`needs: warroom`) the published data: not done
"""

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mascope.pipeline.starting import begin

ROOT = Path(__file__).resolve().parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
CUT = "…"

_BLOCK = re.compile(
    r"(?P<marks>(?:^<!-- [^\n]*? -->\n+)*)^```(?P<kind>[a-z]+)(?P<rest>[^\n]*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_MARK = re.compile(r"^<!-- (.*?) -->$", re.MULTILINE)
_VOLATILE = (
    (re.compile(r"\b[0-9a-f]{12}\b"), "DIGEST"),
    (re.compile(r"\b\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?)?"), "TIME"),
    (re.compile(r"\b\d+(\.\d+)? ?s\b"), "SECONDS"),
    (re.compile(r"litellm \d+(\.\d+)+"), "litellm VERSION"),
)
"""What differs from day to day and says nothing about the page."""


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a page."""

    kind: str
    """Its language."""
    rest: str
    """What follows the language on its first line."""
    marks: tuple[str, ...]
    """The comments right above it."""
    text: str
    span: tuple[int, int]
    """Where its text stands in the page."""
    after: str
    """What stands between the block before and this one."""

    @property
    def file(self) -> str | None:
        return self._after("file:")

    @property
    def exit_code(self) -> int:
        return int(self._after("exit:") or 0)

    @property
    def is_done(self) -> bool:
        return "illustration" not in self.marks and self._after("needs:") is None

    def _after(self, word: str) -> str | None:
        found = (mark.removeprefix(word).strip() for mark in self.marks if mark.startswith(word))
        return next(found, None)


def blocks(page: str) -> tuple[Block, ...]:
    """All fenced blocks of a page that name a language, in order."""
    found: list[Block] = []
    end = 0
    for match in _BLOCK.finditer(page):
        part = match.groupdict()
        found.append(
            Block(
                part["kind"], part["rest"].strip(), tuple(_MARK.findall(part["marks"])), part["text"],
                match.span("text"), page[end : match.start()],
            )
        )  # fmt: skip
        end = match.end()
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Output:
    """What a page says that something prints, and what it printed."""

    what: str
    shown: str
    printed: str
    span: tuple[int, int]
    """Where the shown output stands in the page."""


def outputs(page: str, folder: Path) -> Iterator[Output]:
    """Does all that the page shows, in `folder`, and gives what was printed."""
    with Python(folder) as python:
        yield from _outputs(page, folder, python)


def _outputs(page: str, folder: Path, python: "Python") -> Iterator[Output]:
    before: Block | None = None
    printed = ""
    for block in blocks(page):
        if block.is_done and block.file is not None:
            _write(folder / block.file, block.text)
        elif block.is_done and block.kind == "console":
            yield from _console(block, folder)
        elif block.is_done and block.kind == "python":
            printed = python.executed(block.text)
        elif _is_output(block, before):
            yield Output(before.text if before else "", block.text, printed, block.span)
        before = block


def _is_output(block: Block, before: Block | None) -> bool:
    follows = before is not None and before.kind == "python" and before.is_done
    return block.kind == "text" and follows and not block.after.strip()


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _console(block: Block, folder: Path) -> Iterator[Output]:
    starts = [match.start() for match in re.finditer(r"^\$ ", block.text, re.MULTILINE)]
    ends = [*starts[1:], len(block.text)]
    for start, end in zip(starts, ends, strict=True):
        command, newline, shown = block.text[start:end].partition("\n")
        words = command.removeprefix("$ ")
        if words.startswith("mascope"):
            expected = block.exit_code if end == len(block.text) else 0
            at = block.span[0] + start + len(command) + len(newline)
            yield Output(words, shown, given(words, folder, expected), (at, block.span[0] + end))


def given(command: str, folder: Path, exit_code: int = 0) -> str:
    """What a command prints; after an error, also what it says on standard error."""
    done = _run([sys.executable, "-m", *shlex.split(command)], folder)
    if done.returncode != exit_code:
        raise AssertionError(f"$ {command}\nended with {done.returncode}, not {exit_code}: {done.stderr}")
    return plain(done.stdout + (done.stderr if exit_code else ""))


class Python:
    """A process that executes the Python of one page; begun by the first block, ended with the page."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> "Python":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.communicate(timeout=60)

    def executed(self, code: str) -> str:
        """What `code` prints, after the Python above it on the page."""
        if self._process is None:
            command = [sys.executable, "-W", "error", "-m", "tests.docs.interpreter"]
            self._process = subprocess.Popen(
                command, cwd=self._folder, env=_environment(), text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            )  # fmt: skip
        into, out = self._process.stdin, self._process.stdout
        if into is None or out is None:
            raise AssertionError("no way to the interpreter")
        into.write(json.dumps(code) + "\n")
        into.flush()
        printed, raised = json.loads(out.readline())
        if raised:
            raise AssertionError(f"{code}\nfailed: {raised}")
        return plain(printed)


def _run(command: list[str], folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command, cwd=folder, env=_environment(), capture_output=True, text=True, timeout=180, check=False
    )


def _environment() -> dict[str, str]:
    """As on a terminal of 80 columns without colours."""
    return {**os.environ, "NO_COLOR": "1", "COLUMNS": "80", "TERMINAL_WIDTH": "80", "PYTHONPATH": str(ROOT)}


def plain(text: str) -> str:
    """Without blanks at line ends, and empty lines at both ends."""
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")


def agree(shown: str, printed: str) -> bool:
    """Whether a page shows what was printed: cuts and volatile parts apart."""
    first, *rest = _parts(_steady(shown))
    lines = _steady(printed).splitlines()
    if not rest:
        return first == lines
    *middle, last = rest
    if lines[: len(first)] != first or lines[len(lines) - len(last) :] != last:
        return False
    within = lines[len(first) : len(lines) - len(last)]
    for part in middle:
        starts = (n for n in range(len(within)) if within[n : n + len(part)] == part)
        start = next(starts, None)
        if start is None:
            return False
        within = within[start + len(part) :]
    return True


def _parts(shown: str) -> list[list[str]]:
    """What stands between the cuts, as lines."""
    between = re.split(rf"^{CUT}$", plain(shown), flags=re.MULTILINE)
    return [part.strip("\n").splitlines() for part in between]


def _steady(text: str) -> str:
    for volatile, word in _VOLATILE:
        text = volatile.sub(word, text)
    return text


def cut_as(shown: str, printed: str) -> str:
    """`printed`, cut where the page cuts: its first and last lines, as many as the page shows of each."""
    first, *rest = _parts(shown)
    if not rest:
        return printed
    if len(rest) > 1:
        return plain(shown)  # which lines are meant, a person must say
    lines = printed.splitlines()
    return "\n".join([*lines[: len(first)], CUT, *lines[len(lines) - len(rest[0]) :]])


def prepared(folder: Path) -> Path:
    """A directory such as the pages speak of."""
    for name in ("experiments", "judges"):
        (folder / name).mkdir()
        for file in (ROOT / name).glob("*.yaml"):
            (folder / name / file.name).write_bytes(file.read_bytes())
    begin(folder / "tea")
    return folder


def refreshed(page: str, folder: Path) -> str:
    """The page with its outputs as they are now."""
    for found in reversed(list(outputs(page, folder))):
        if not agree(found.shown, found.printed):
            start, end = found.span
            text = cut_as(found.shown, found.printed)
            page = page[:start] + (text + "\n" if text else "") + page[end:]
    return page


def main() -> None:
    named = sys.argv[1:]
    for file in (file for file in PAGES if not named or file.stem in named):
        page = file.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as temporary:
            anew = refreshed(page, prepared(Path(temporary)))
        if anew != page:
            file.write_text(anew, encoding="utf-8")
            sys.stderr.write(f"{file.relative_to(ROOT)} was written anew\n")


if __name__ == "__main__":
    main()
