"""Hosts of their own, as far as one machine has them: a network namespace each, and one directory for all."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cluster.clustering import answers, asked_twice, mascope, messages, said, scheduling, until

STUDY = """\
study: hosts
brief: Choose a tea.
models: {ann: {model: rehearsal/leader, parameters: {latency: LATENCY}}}
base: {participants: {clones_of: ann, count: 3}, runs: 6, rounds: 20}
series: {A: {}}
"""
IMPATIENT = {"DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": "11s"}
"""So that a broken line is noticed within seconds; by default it takes half a minute."""


@dataclass(frozen=True)
class Host:
    namespace: str
    address: str

    @property
    def prefix(self) -> tuple[str, ...]:
        return ("ip", "netns", "exec", self.namespace)

    def unplug(self) -> None:
        ip("-n", self.namespace, "link", "set", "eth0", "down")


def ip(*arguments: str) -> None:
    program = shutil.which("ip") or "ip"
    subprocess.run([program, *arguments], check=True, capture_output=True, timeout=10)


def namespace(stack: ExitStack, name: str) -> None:
    ip("netns", "add", name)
    stack.callback(ip, "netns", "del", name)
    ip("-n", name, "link", "set", "lo", "up")


@pytest.fixture
def hosts() -> Iterator[list[Host]]:
    """Four hosts on one switch, which is a namespace too: nothing is changed in the machine's own network."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("network namespaces take root and iproute2")
    switch = f"mscp{os.getpid() % 10_000}s"
    with ExitStack() as stack:
        try:
            namespace(stack, switch)
            ip("-n", switch, "link", "add", "br0", "type", "bridge")
            ip("-n", switch, "link", "set", "br0", "up")
            found = [_plugged(stack, switch, number) for number in range(4)]
        except subprocess.CalledProcessError as error:
            pytest.skip(f"this machine allows no network namespaces: {error.stderr.decode().strip()}")
        yield found


def _plugged(stack: ExitStack, switch: str, number: int) -> Host:
    host = Host(f"{switch[:-1]}{number}", f"10.77.0.{number + 1}")
    namespace(stack, host.namespace)
    ends = ("type", "veth", "peer", "name", "eth0", "netns", host.namespace)
    ip("-n", switch, "link", "add", f"port{number}", *ends)
    ip("-n", switch, "link", "set", f"port{number}", "master", "br0", "up")
    ip("-n", host.namespace, "address", "add", f"{host.address}/24", "dev", "eth0")
    ip("-n", host.namespace, "link", "set", "eth0", "up")
    return host


def test_a_host_that_is_unplugged_loses_its_runs_to_another(hosts: list[Host], tmp_path: Path) -> None:
    head, first, second, desk = hosts
    study, out = tmp_path / "study.yaml", tmp_path / "out"
    study.write_text(STUDY.replace("LATENCY", "0"))
    said(mascope("run", study, "--out", tmp_path / "whole"))
    whole = answers(tmp_path / "whole")
    study.write_text(STUDY.replace("LATENCY", "0.25"))

    with scheduling(tmp_path, head.address, head.prefix, **IMPATIENT) as scheduler:
        workers = [scheduler.worker(host.prefix, **IMPATIENT) for host in (first, second)]
        options = ("--out", out, "--cluster", scheduler.address)
        process = mascope("run", study, *options, prefix=desk.prefix, **IMPATIENT)
        until(lambda: messages(out) > len(whole) // 3, process)
        second.unplug()
        text = said(process)
        workers[1].wait(20)

    assert "6 runs: 6 done" in text
    assert answers(out) == whole
    assert asked_twice(out) == []
