"""Limits that hold over all workers together: money, calls at once, calls a minute; and keys, which stay."""

import asyncio
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

from mascope.cluster import running
from mascope.cluster.desk import Desk
from mascope.cluster.holding import Holding
from mascope.cluster.host import HostPlugin
from mascope.cluster.session import Session
from mascope.discussion.engine import Unobserved
from mascope.pipeline.running import Options, prepare
from tests.cluster.clustering import Scheduler, mascope, messages, said, scheduling
from tests.real.misbehaviours import in_order, rate_limited
from tests.real.openai_server import OpenAIServer, serving

KEY = "sk-cluster-0123456789abcdef"
STUDY = """\
study: limits
brief: Choose a tea.
models:
  m: {{model: openai/m, base_url: "{url}", key_env: CLUSTER_KEY{more}}}
base:
  {{participants: {{clones_of: m, count: 4}}, runs: {runs}, rounds: {rounds}, sampling: {{max_tokens: 100}}}}
series: {{A: {{}}}}
"""


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scheduler]:
    with scheduling(tmp_path_factory.mktemp("cluster")) as scheduler:
        for _ in range(2):
            scheduler.worker(CLUSTER_KEY=KEY)
        yield scheduler


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with serving(latency=0.05) as server:
        yield server


def study(folder: Path, server: OpenAIServer, more: str = "", runs: int = 4, rounds: int = 3) -> Path:
    file = folder / "study.yaml"
    file.write_text(STUDY.format(url=server.url, more=more, runs=runs, rounds=rounds))
    return file


def hold(file: Path, out: Path, scheduler: Scheduler) -> None:
    """As the command does, without the time that a process takes to start."""
    options = Options(elsewhere=True)
    summary = asyncio.run(running.hold(prepare(file, out, options), options, Unobserved(), scheduler.address))
    assert set(summary.statuses.values()) == {"done"}


def test_concurrency_holds_over_all_workers(
    scheduler: Scheduler, server: OpenAIServer, tmp_path: Path
) -> None:
    file = study(tmp_path, server, ", concurrency: 3")

    hold(file, tmp_path / "out", scheduler)

    assert messages(tmp_path / "out") == 48
    assert server.peak == 3


def test_calls_a_minute_hold_over_all_workers(
    scheduler: Scheduler, server: OpenAIServer, tmp_path: Path
) -> None:
    file = study(tmp_path, server, ", parameters: {rpm: 600}", runs=4, rounds=2)

    hold(file, tmp_path / "out", scheduler)

    arrived = sorted(request.at for request in server.requests)
    assert len(arrived) == 32
    # 600 a minute are one in 0.1 s, and 10 may come at once; some slack for the way to the server.
    for first, last in ((0, 20), (5, 31), (0, 31)):
        assert arrived[last] - arrived[first] > 0.1 * (last - first - 10) - 0.15


def test_a_server_that_turns_calls_away_is_left_alone_by_all_workers(
    scheduler: Scheduler, server: OpenAIServer, tmp_path: Path
) -> None:
    server.choose = in_order(*[rate_limited("1")] * 6)
    file = study(tmp_path, server)

    hold(file, tmp_path / "out", scheduler)

    assert messages(tmp_path / "out") == 48
    assert len(server.requests) <= 48 + 16


def test_the_budget_holds_over_all_workers_and_ends_them_all(
    scheduler: Scheduler, server: OpenAIServer, tmp_path: Path
) -> None:
    prices = tmp_path / "prices.yaml"
    # An answer costs (11 × 10 + 3 × 1000) / 1e6 = 0.00311 USD; a call could cost about 0.101.
    prices.write_text('date: "2026-11-01"\nmodels: {openai/m: {input: 10, output: 1000}}\n')
    file = study(tmp_path, server, runs=6, rounds=4)
    options = ("--out", tmp_path / "out", "--cluster", scheduler.address, "--prices", prices)

    text = said(mascope("run", file, *options, "--budget", "0.25"), code=4)
    spent = len(server.requests) * 3110e-6
    again = said(mascope("run", file, *options, "--budget", "0.25"), code=4)
    said(mascope("run", file, *options, "--budget", "5"))

    assert "budget reached" in text
    assert "budget reached" in again
    assert 0.05 < spent <= 0.25
    assert messages(tmp_path / "out") == 96


def test_a_worker_without_the_key_is_named(
    scheduler: Scheduler, server: OpenAIServer, tmp_path: Path
) -> None:
    file = study(tmp_path, server).rename(tmp_path / "other.yaml")
    file.write_text(file.read_text().replace("CLUSTER_KEY", "NOBODYS_KEY"))

    text = said(mascope("run", file, "--out", tmp_path / "out", "--cluster", scheduler.address), code=3)

    assert "worker tcp://127.0.0.1:" in text
    assert "NOBODYS_KEY" in text
    assert not server.requests


def test_keys_come_from_the_workers_and_are_in_nothing_that_travels(
    scheduler: Scheduler, server: OpenAIServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = study(tmp_path, server)

    # The client has no key at all; the workers have.
    text = said(mascope("run", file, "--out", tmp_path / "out", "--cluster", scheduler.address))
    monkeypatch.setenv("CLUSTER_KEY", KEY)
    session = Session("run", str(tmp_path / "out"), about={"digest": "d", "limits": {"m": None}})
    travelling = (Desk(session.name, "client", (1.0, 0.0)), HostPlugin(session, Holding, ours=False))

    assert "4 runs: 4 done" in text
    assert {request.headers["authorization"] for request in server.requests} == {f"Bearer {KEY}"}
    assert all(KEY.encode() not in pickle.dumps(one) for one in travelling)
    everything = [*(tmp_path / "out").rglob("*"), *scheduler.folder.glob("*.log")]
    assert all(KEY.encode() not in found.read_bytes() for found in everything if found.is_file())
