"""One writer a run, over all machines: whoever writes its files holds a lock on the shared directory.

The system drops the lock with the process, so a dead worker's runs can be taken over at once, and those of a
worker that is only cut off from the scheduler cannot, until it has stopped by itself.
"""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from mascope.errors import MissingPrerequisite, ResultsLocked
from mascope.store.layout import Results
from mascope.store.lines import unwritable

FOLDER = ".claims"
PATIENCE_S = 120.0
"""How long another's claim is waited for: longer than servers of network file systems keep a dead host's."""
LOOK_S = 0.1


@asynccontextmanager
async def claimed(results: Results, what: str, patience_s: float = PATIENCE_S) -> AsyncIterator[None]:
    """Hold the claim on `what` (a run, or coder and run) once nobody else does; else `ResultsLocked`."""
    file = results.root / FOLDER / f"{what}.lock"
    descriptor = await _wait_for(file, patience_s)
    try:
        yield
    finally:
        # Removed while it is held: whoever waits for it sees that the file is gone, and makes another.
        with suppress(OSError):
            file.unlink()
        os.close(descriptor)


async def _wait_for(file: Path, patience_s: float) -> int:
    loop = asyncio.get_running_loop()
    until = loop.time() + patience_s
    while (descriptor := _taken(file)) is None:
        if loop.time() >= until:
            raise ResultsLocked(
                f"{file}: another worker still holds this run, although the scheduler knows it no more. "
                "Wait for it to stop, or end its process; the same command goes on"
            )
        await asyncio.sleep(LOOK_S)
    return descriptor


def _taken(file: Path) -> int | None:
    """The open file with its lock, or None while somebody else has it."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise unwritable(file, error) from error
    if locked(descriptor, file) and _is_there(descriptor, file):
        return descriptor
    os.close(descriptor)
    return None


def locked(descriptor: int, file: Path) -> bool:
    """Whether the lock could be taken; `MissingPrerequisite` where the file system knows no locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise MissingPrerequisite(
            f"{file}: this file system gives no locks ({error.strerror}), so nothing would keep two workers "
            "from writing one file; mount it with locks (NFS 4, Lustre with -o flock)"
        ) from error
    return True


def _is_there(descriptor: int, file: Path) -> bool:
    """Whether the file under this name is still the one that is open. Opened anew: a network file system
    looks a name up afresh then, and only then."""
    try:
        other = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return os.path.samestat(os.fstat(other), os.fstat(descriptor))
    finally:
        os.close(other)


def check_shared(root: Path) -> None:
    """`MissingPrerequisite` unless the directory is the client's, and its lock on it is seen here."""
    try:
        descriptor = os.open(root / ".lock", os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise MissingPrerequisite(
            f"{root} is not the results directory that the command writes to ({error.strerror}); every "
            "worker needs it under the same path, writable"
        ) from error
    try:
        if locked(descriptor, root / ".lock"):
            raise MissingPrerequisite(
                f"{root}: the lock that the command holds there is not seen here: it is another directory, "
                "or its file system does not pass locks between machines (NFS 3 mounted with -o nolock, "
                "Lustre with -o localflock)"
            )
    finally:
        os.close(descriptor)
