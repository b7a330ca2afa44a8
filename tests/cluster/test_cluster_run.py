"""Discussions held by workers: the same results, and nothing lost when any part of the cluster dies."""

import ast
import asyncio
import json
import signal
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from distributed import Client
from distributed import Scheduler as DaskScheduler
from distributed.comm.core import CommClosedError

from mascope.cli.study import on_cluster
from mascope.cluster import connecting, desk, dispatch, running
from mascope.cluster.desk import Desk
from mascope.cluster.host import HostPlugin
from mascope.cluster.relay import RunNews, replay_run
from mascope.discussion.engine import Unobserved
from mascope.errors import InvalidInput, MissingPrerequisite
from mascope.pipeline import running as pipeline
from mascope.pipeline.running import Options
from mascope.records import Message, Turn, Usage
from mascope.study import load_study, plan
from tests.cluster.clustering import (
    Scheduler,
    answers,
    asked_twice,
    ended,
    lines_of,
    mascope,
    messages,
    said,
    scheduling,
    until,
    without_time,
)

HERE = Path(__file__).resolve()
PACKAGE = HERE.parents[2] / "mascope"
EXAMPLE = HERE.parents[2] / "experiments" / "whoami-rehearsal.yaml"
STUDY = """\
study: tea
brief: Choose a tea.
models:
  ann: {{model: rehearsal/leader, parameters: {{latency: {latency}}}}}
  bob: {{model: rehearsal/critic, parameters: {{latency: {latency}}}}}
base: {{participants: [ann, bob, ann], runs: {runs}, rounds: {rounds}, faults: [{{agent: bob, round: 2}}]}}
series:
  together: {{}}
  in-turn: {{schedule: {{visibility: sequential}}}}
"""


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scheduler]:
    with scheduling(tmp_path_factory.mktemp("cluster")) as scheduler:
        scheduler.worker()
        scheduler.worker()
        yield scheduler


def study(folder: Path, latency: float, runs: int, rounds: int) -> Path:
    file = folder / "study.yaml"
    file.write_text(STUDY.format(latency=latency, runs=runs, rounds=rounds))
    return file


@pytest.fixture(scope="module")
def long_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return study(tmp_path_factory.mktemp("study"), latency=0.15, runs=4, rounds=8)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the long study comes to uninterrupted; how fast its models answer changes nothing."""
    folder = tmp_path_factory.mktemp("whole")
    held_here(study(folder, latency=0, runs=4, rounds=8), folder / "out")
    return answers(folder / "out")


def test_workers_write_what_one_machine_writes(scheduler: Scheduler, tmp_path: Path) -> None:
    file = study(tmp_path, latency=0, runs=5, rounds=4)
    held_here(file, tmp_path / "one")

    text = said(mascope("run", file, "--out", tmp_path / "many", "--cluster", scheduler.address))

    assert "10 runs: 10 done" in text
    assert without_time(tmp_path / "many") == without_time(tmp_path / "one")
    assert not list((tmp_path / "many" / ".claims").iterdir())


def test_progress_is_told_run_by_run_as_on_one_machine(scheduler: Scheduler, tmp_path: Path) -> None:
    file = study(tmp_path, latency=0, runs=3, rounds=4)
    keys = ("run", "status", "rounds", "turns", "failures", "cost_usd")
    told: list[list[dict[str, Any]]] = []
    for arguments in ((), ("--cluster", scheduler.address)):
        process = mascope("run", file, "--out", tmp_path / f"out{len(told)}", "--json", *arguments)
        text = said(process)
        told.append([json.loads(line) for line in text.splitlines() if line.startswith('{"run"')])

    last = [ends[-1] for ends in told]
    assert len(told[0]) == len(told[1]) == 6
    assert {key: last[0][key] for key in keys[2:]} == {key: last[1][key] for key in keys[2:]}
    assert last[1]["runs_left"] == 0


def test_runs_of_a_killed_worker_go_on_at_another(
    scheduler: Scheduler, long_study: Path, whole: dict[str, str], tmp_path: Path
) -> None:
    out, doomed = tmp_path / "out", scheduler.worker()
    process = mascope("run", long_study, "--out", out, "--cluster", scheduler.address)
    until(lambda: messages(out) > len(whole) // 4, process)

    doomed.send_signal(signal.SIGKILL)
    doomed.wait(10)
    held = {file.stem for file in (out / ".claims").glob("*.lock")}
    text = said(process)

    assert held
    assert "8 runs: 8 done" in text
    assert answers(out) == whole
    assert asked_twice(out) == []
    assert all(line["event"] == "end" for f in out.glob("runs/*/*.jsonl") for line in lines_of(f)[-1:])


def test_a_killed_client_leaves_no_writer_behind_and_comes_back(
    scheduler: Scheduler, long_study: Path, whole: dict[str, str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    first = mascope("run", long_study, "--out", out, "--cluster", scheduler.address)
    until(lambda: messages(out) > len(whole) // 4, first)
    first.kill()
    first.communicate()
    assert messages(out) < len(whole) * 3 // 4

    text = said(mascope("run", long_study, "--out", out, "--cluster", scheduler.address))

    assert "8 runs: 8 done" in text
    assert answers(out) == whole
    assert asked_twice(out) == []


def test_a_second_client_gets_the_clear_error(scheduler: Scheduler, tmp_path: Path) -> None:
    out, endless = tmp_path / "out", study(tmp_path, latency=0.5, runs=2, rounds=200)
    first = mascope("run", endless, "--out", out, "--cluster", scheduler.address)
    until(lambda: messages(out) > 0, first)

    text = said(mascope("run", endless, "--out", out, "--cluster", scheduler.address), code=2)
    first.send_signal(signal.SIGINT)

    assert "another mascope process" in text
    assert "interrupted: give the same command again to go on" in said(first, code=130)


def test_ctrl_c_lets_answers_under_way_arrive(scheduler: Scheduler, tmp_path: Path) -> None:
    out, endless = tmp_path / "out", study(tmp_path, latency=0.5, runs=2, rounds=200)
    process = mascope("run", endless, "--out", out, "--cluster", scheduler.address)
    until(lambda: messages(out) > 8, process)

    process.send_signal(signal.SIGINT)
    text = said(process, code=130)

    left = [file.stem for file in out.glob("runs/*/*.jsonl") if lines_of(file)[-1]["event"] == "call"]
    assert "partial" in text
    assert left == []


def test_a_lost_scheduler_loses_nothing_that_was_journaled(
    long_study: Path, whole: dict[str, str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    (tmp_path / "first").mkdir()
    with scheduling(tmp_path / "first") as mortal:
        mortal.worker()
        process = mascope("run", long_study, "--out", out, "--cluster", mortal.address)
        until(lambda: messages(out) > len(whole) // 4, process)
        ended(mortal.process)
        text = said(process, code=3)
    before = answers(out)

    held_here(long_study, out)

    assert "does not answer any more" in text
    assert before.items() <= answers(out).items()
    assert answers(out) == whole


def test_workers_started_for_one_command_are_gone_after_it(tmp_path: Path) -> None:
    file = study(tmp_path, latency=0, runs=2, rounds=3)

    process = mascope("run", file, "--out", tmp_path / "out", "--cluster", "local:2")
    text = said(process)

    assert "4 runs: 4 done" in text
    assert str(tmp_path) not in "".join(
        (entry / "cmdline").read_bytes().decode(errors="replace")
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and (entry / "cmdline").exists()
    )


@pytest.mark.parametrize("address", ["local:many", "local", "somewhere", "local:0"])
def test_an_address_that_is_none_is_named(tmp_path: Path, address: str) -> None:
    with pytest.raises(InvalidInput, match="neither the address of a scheduler"):
        hold_at(address, tmp_path)

    assert not (tmp_path / "out").exists()


def test_a_worker_without_mascope_is_named_and_nothing_is_held(tmp_path: Path) -> None:
    nothing = tmp_path / "elsewhere" / "mascope"
    nothing.mkdir(parents=True)
    (nothing / "__init__.py").write_text("raise ModuleNotFoundError('no mascope here')")
    with scheduling(tmp_path) as scheduler:
        scheduler.worker()
        scheduler.worker(PYTHONPATH=str(nothing.parent), PYTHONSAFEPATH="1")
        wait_for_workers(scheduler, 2)

        with pytest.raises(MissingPrerequisite, match="no mascope here") as raised:
            hold_at(scheduler.address, tmp_path)

    assert str(raised.value).count("tcp://") == 1
    assert messages(tmp_path / "out") == 0


@pytest.mark.parametrize("times", [1, 99])
def test_a_worker_that_dies_while_the_session_begins_is_left_out(
    scheduler: Scheduler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    breaking = iter([CommClosedError("the line is cut")] * times)
    register = Client.register_plugin

    async def broken(client: Client, plugin: Any) -> Any:
        error = next(breaking, None) if isinstance(plugin, HostPlugin) else None
        if error is not None:
            raise error
        return await register(client, plugin)

    monkeypatch.setattr(Client, "register_plugin", broken)
    monkeypatch.setattr(dispatch, "LOOK_S", 0.01)
    expected = nullcontext() if times == 1 else pytest.raises(MissingPrerequisite, match="the line is cut")

    with expected:
        hold_at(scheduler.address, tmp_path)

    assert messages(tmp_path / "out") == (16 if times == 1 else 0)


def test_a_session_leaves_nothing_on_the_scheduler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "FORGET_S", 0.0)
    left: list[str] = []

    class Unplugging(SimpleNamespace):
        def remove_plugin(self, name: str) -> None:
            raise ValueError("the client has taken it away")

        async def unregister_worker_plugin(self, comm: None, name: str) -> None:
            left.append(name)

    async def story() -> Unplugging:
        there = Unplugging(handlers={}, workers={}, worker_plugins={"one": b""})
        for name in ("one", "two"):
            mine = Desk(name, f"client-{name}", None)
            await mine.start(cast(DaskScheduler, there))
            if name == "one":  # its client was killed
                mine.remove_client(cast(DaskScheduler, there), "client-one")
            else:
                await mine.watch(halt=None, over=True)
        for _ in range(10):  # what is to be done at once is done by then
            await asyncio.sleep(0)
        return there

    there = asyncio.run(story())

    assert there.handlers == {}
    assert left == ["one"]


def test_a_scheduler_that_does_not_answer_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "ANSWER_S", 0.5)

    with pytest.raises(MissingPrerequisite, match="no Dask scheduler answers at tcp"):
        hold_at("tcp://127.0.0.1:9", tmp_path)

    assert not (tmp_path / "out").exists()


def test_without_the_extra_what_to_install_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    with pytest.raises(MissingPrerequisite, match=r"pip install 'mascope\[cluster\]'"):
        on_cluster("running")


def test_a_finished_study_needs_no_cluster(tmp_path: Path) -> None:
    file, options = study(tmp_path, latency=0, runs=1, rounds=3), Options(elsewhere=True)
    held_here(file, tmp_path / "out")

    prepared = pipeline.prepare(file, tmp_path / "out", options)
    summary = asyncio.run(running.hold(prepared, options, Unobserved(), "tcp://127.0.0.1:9"))

    assert set(summary.statuses.values()) == {"done"}


def test_progress_tells_who_when_and_how_much_but_never_what() -> None:
    told: list[list[Any]] = []
    run = plan(load_study(EXAMPLE))[0]
    said_by_ann = Message(
        id="x", agent=run.agents[0].id, name="n", model="m", served_model=None, round=1, position=0,
        text="a secret", seen=(), prompt_digest="", usage=Usage(7, 5), cost_usd=0.25,
    )  # fmt: skip
    RunNews(told.append).spoke(run, said_by_ann)
    seen: list[Turn] = []
    observer = Unobserved()
    observer.spoke = lambda run, turn: seen.append(turn)  # type: ignore[method-assign]

    replay_run(observer, {run.id: run}, json.loads(json.dumps(told[0])))

    assert "secret" not in repr(told)
    assert isinstance(seen[0], Message)
    assert (seen[0].round, seen[0].usage, seen[0].cost_usd) == (1, Usage(7, 5), 0.25)


def test_only_the_cluster_imports_dask() -> None:
    sources = [file for file in PACKAGE.rglob("*.py") if "distributed" in imports_of(file)]

    assert sources
    assert {file.parent.name for file in sources} == {"cluster"}


def wait_for_workers(scheduler: Scheduler, number: int) -> None:
    async def wait() -> None:
        async with connecting.connected(scheduler.address) as cluster:
            client: Any = cluster.client  # whose methods return what is awaited, other than their types say
            await client.wait_for_workers(number, timeout=60)

    asyncio.run(wait())


def held_here(file: Path, out: Path) -> None:
    asyncio.run(pipeline.hold(pipeline.prepare(file, out, Options()), Unobserved()))


def imports_of(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
        elif isinstance(node, ast.Import):
            found.update(name.name.partition(".")[0] for name in node.names)
    return found


def hold_at(address: str, folder: Path) -> None:
    options = Options(elsewhere=True)
    prepared = pipeline.prepare(study(folder, latency=0, runs=1, rounds=3), folder / "out", options)
    asyncio.run(running.hold(prepared, options, Unobserved(), address))
