"""The command as a person starts it: in a terminal of its own, and where there is none."""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from mascope.store.layout import Results
from tests.judging.small_study import small_study

PANEL = """\
panel: p
flags: {LEAD: {definition: Assigns a task.}, META: {definition: About the process.}}
coders: {rules: }
"""
PATIENCE = 60
"""Seconds after which a screen that does not come fails the test."""


@pytest.fixture
def results(tmp_path: Path) -> Results:
    found = small_study(tmp_path)
    found.write_study("study: s\nseries: {A: {}, B: {}}\n")
    (tmp_path / "panel.yaml").write_text(PANEL)
    return found


def command(results: Results, *more: str) -> list[str]:
    panel = results.root.parent / "panel.yaml"
    return [sys.executable, "-m", "mascope", "annotate", str(results.root), "--panel", str(panel), *more]


class Terminal:
    """A pseudo-terminal of 80 × 24 with a program in it."""

    def __init__(self, *arguments: str) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color"}
        self.process = subprocess.Popen(
            arguments, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
        )
        os.close(slave)
        self.seen = ""

    def wait_for(self, text: str) -> None:
        until = time.monotonic() + PATIENCE
        while text not in self.seen:
            ready, _, _ = select.select([self._master], [], [], max(0.0, until - time.monotonic()))
            if not ready:
                raise AssertionError(f"{text!r} did not come; seen: {self.seen[-2000:]!r}")
            try:
                self.seen += os.read(self._master, 65536).decode(errors="replace")
            except OSError as error:
                raise AssertionError(f"it ended without {text!r}: {self.seen[-2000:]!r}") from error

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)
        os.close(self._master)


def codings(results: Results) -> list[dict[str, str]]:
    found = [json.loads(line) for file in results.codes_of("ada") for line in file.read_text().splitlines()]
    return [line["flags"] for line in found if line["event"] == "coding"]


def test_a_person_at_a_terminal_codes_quits_and_is_told_how_to_go_on(results: Results) -> None:
    terminal = Terminal(*command(results, "--coder", "ada", "--n", "5"))
    try:
        terminal.wait_for("0 of 5 coded")
        terminal.type("l\rm\rq")
        terminal.wait_for("2 of 5 coded; give the same command again to go on")
        code = terminal.process.wait(PATIENCE)
    finally:
        terminal.close()

    assert code == 0
    # files are in the order of runs, so the two may come either way round
    assert sorted(json.dumps(flags) for flags in codings(results)) == [
        '{"LEAD": "no", "META": "yes"}',
        '{"LEAD": "yes", "META": "no"}',
    ]


def test_a_kill_loses_nothing_that_was_finished(results: Results) -> None:
    terminal = Terminal(*command(results, "--coder", "ada", "--n", "5"))
    try:
        terminal.wait_for("0 of 5 coded")
        terminal.type("l\rl")
        terminal.wait_for("1 of 5 coded")
        terminal.process.send_signal(signal.SIGKILL)
        terminal.process.wait(PATIENCE)
    finally:
        terminal.close()

    assert codings(results) == [{"LEAD": "yes", "META": "no"}]
    again = Terminal(*command(results, "--coder", "ada"))
    try:
        again.wait_for("1 of 5 coded")
        again.type("q")
        assert again.process.wait(PATIENCE) == 0
    finally:
        again.close()


def test_without_a_terminal_it_says_what_else_can_be_done(results: Results) -> None:
    done = subprocess.run(
        command(results, "--coder", "ada"),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        stdin=subprocess.DEVNULL,
    )

    assert done.returncode == 2
    assert "needs a terminal" in done.stderr
    assert "mascope import codes" in done.stderr
    assert done.stdout == ""
    assert results.coders() == ()


def test_without_its_extra_it_says_how_to_install_it(results: Results, tmp_path: Path) -> None:
    hiding = tmp_path / "sitecustomize.py"
    hiding.write_text(
        "import importlib.util as u\nfind = u.find_spec\n"
        "u.find_spec = lambda name, *more: None if name == 'textual' else find(name, *more)\n"
    )
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}

    done = subprocess.run(
        command(results, "--coder", "ada"), capture_output=True, text=True, timeout=PATIENCE, env=environment
    )

    assert done.returncode == 3
    assert "pip install 'mascope[annotate]'" in done.stderr
