"""To a scheduler that is there already, or to workers started for this one command on this machine."""

import logging
import re
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass

from distributed import Client, LocalCluster
from distributed.utils import silence_logging_cmgr

from mascope.errors import InvalidInput, MissingPrerequisite

CLOSE_S = 2.0
ANSWER_S = 15.0
"""How long a scheduler may take to answer."""
LOGS = ("distributed", "distributed.client")
"""What Dask prints of broken lines; our errors say what they mean."""
LOCAL = re.compile(r"local:([1-9][0-9]{0,3})")


@dataclass(frozen=True, slots=True)
class Cluster:
    """A connection, and whether its workers are ours to stop."""

    client: Client
    address: str
    ours: bool


@asynccontextmanager
async def connected(address: str) -> AsyncIterator[Cluster]:
    """`local:N` starts N worker processes here; anything else is the address of a scheduler."""
    local = LOCAL.fullmatch(address)
    if local is None and (address.startswith("local") or "://" not in address):
        raise InvalidInput(
            f"--cluster: {address!r} is neither the address of a scheduler (tcp://host:8786) nor local:N"
        )
    if local is None:
        async with _client(address) as client:
            yield Cluster(client, address, ours=False)
        return
    async with (
        LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=int(local[1]),
            threads_per_worker=1,  # the work's threads leave the pool: they only wait
            processes=True,
            host="127.0.0.1",
            memory_limit=0,  # as a command without workers: none is ended for having more than its share
            dashboard_address="127.0.0.1:0",  # a free port: the usual one may be another cluster's
            asynchronous=True,
            silence_logs=logging.ERROR,
        ) as started,
        _client(started.scheduler_address) as client,
    ):
        yield Cluster(client, address, ours=True)


@asynccontextmanager
async def _client(address: str) -> AsyncIterator[Client]:
    with ExitStack() as stack:
        for name in LOGS:
            stack.enter_context(silence_logging_cmgr(logging.CRITICAL, name))
        async with _answering(address) as client:
            yield client


@asynccontextmanager
async def _answering(address: str) -> AsyncIterator[Client]:
    client = Client(  # type: ignore[no-untyped-call]
        address, asynchronous=True, timeout=ANSWER_S, set_as_default=False
    )
    try:
        await client
    except (OSError, TimeoutError) as error:
        raise MissingPrerequisite(
            f"--cluster: no Dask scheduler answers at {address}; start one (dask scheduler), or check "
            "the address"
        ) from error
    except ValueError as error:  # an unknown protocol, a port that is none
        raise InvalidInput(f"--cluster: {address}: {error}") from error
    try:
        yield client
    finally:
        await client.close(timeout=CLOSE_S)  # type: ignore[no-untyped-call]
