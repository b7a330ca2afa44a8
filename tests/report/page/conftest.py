"""Debian's Chromium, driven as a reader would drive it."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Request, sync_playwright

from tests.report.page.made import Made, written

ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
SECONDS = 60


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser a module: while Playwright runs, nothing else in this thread can run a loop of its own."""
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("Chromium is not here (Debian's package `chromium`): the page was not driven")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS))
        yield browser
        browser.close()


@dataclass
class Reader:
    """A page that is open, and what it did that it should not."""

    page: Page
    problems: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, file: Path, at: str = "") -> None:
        self.page.goto(f"{file.as_uri()}{at}")
        self.page.wait_for_selector("html[data-ready]")

    def go(self, address: str) -> None:
        self.page.evaluate("address => { location.hash = address }", address)

    def turns(self) -> list[str]:
        """Ids of the turns that are shown, once they are."""
        self.page.wait_for_selector("#turns .turn")
        return [
            str(turn.get_attribute("data-message")) for turn in self.page.query_selector_all("#turns .turn")
        ]

    def found(self) -> str:
        return self.page.inner_text("#found")

    def until(self, script: str) -> None:
        """Waits until the script gives true: Playwright's own waiting compiles it, which the page forbids."""
        for _ in range(SECONDS * 20):
            if self.page.evaluate(script):
                return
            self.page.wait_for_timeout(50)
        pytest.fail(f"never came true: {script}")

    def figures_drawn(self) -> None:
        self.until("[...document.querySelectorAll('.chart')].every((place) => place.firstChild)")


@pytest.fixture
def read(chromium: Browser) -> Iterator[Callable[..., Reader]]:
    """Opens pages; at the end none of them may have complained, or asked for anything but its own files."""
    readers: list[Reader] = []

    def opened(file: Path, at: str = "", **context: object) -> Reader:
        reader = Reader(chromium.new_context(**context).new_page())  # type: ignore[arg-type]
        readers.append(reader)

        def heard(message: ConsoleMessage) -> None:
            if message.type == "error":
                reader.problems.append(message.text)

        def asked(request: Request) -> None:
            if not request.url.startswith(("file:", "data:", "blob:")):
                reader.requests.append(request.url)

        def stopped(dialog: Dialog) -> None:
            reader.problems.append(f"a dialog: {dialog.message}")
            dialog.dismiss()

        reader.page.on("console", heard)
        reader.page.on("request", asked)
        reader.page.on("pageerror", lambda error: reader.problems.append(str(error)))
        reader.page.on("dialog", stopped)
        reader.open(file, at)
        return reader

    yield opened
    for reader in readers:
        reader.page.context.close()
        assert reader.problems == []
        assert reader.requests == []


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a small study."""
    return written(Made(), tmp_path_factory.mktemp("small") / "results")
