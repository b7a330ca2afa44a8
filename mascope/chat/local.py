"""`local/…`: open models in this process, by llama.cpp. No key, no server to start, no network.

The same prompt, parameters and seed give the same text again, in any order and beside any other request
(`local_engine` says how). Requests to a model run in its `slots`, each in a context and a thread of its own;
what they need beyond the machine's cores waits. The deadline counts from where a model starts on a request,
so that a long queue is no failure.
"""

import asyncio
import os
import threading

from mascope.chat import local_models
from mascope.chat.local_models import LocalFile
from mascope.chat.local_options import Options, options
from mascope.chat.local_resident import Cores, Resident
from mascope.chat.types import Model, Reply, Request


class Local:
    """Chat with models in this process. One for all of them: a file is loaded once, when first asked."""

    def __init__(self) -> None:
        self._cores = Cores(_machine_cores())
        self._residents: dict[tuple[str, Options], Resident] = {}
        self._under_way: set[threading.Event] = set()

    async def complete(self, request: Request) -> Reply:
        """The answer, or `CallFailed`; `MissingPrerequisite` where the model is not there at all.

        Cancelling it stops the model within a block of tokens and leaves it ready for others.
        """
        resident = self._resident(request.model)
        ended = threading.Event()
        self._under_way.add(ended)
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(resident.workers, resident.answer, request, ended.is_set)
        finally:
            ended.set()
            self._under_way.discard(ended)

    async def aclose(self) -> None:
        """Stop what is under way and free the models."""
        for ended in self._under_way:
            ended.set()
        residents, self._residents = set(self._residents.values()), {}
        for resident in residents:
            await asyncio.to_thread(resident.close)

    def _resident(self, model: Model) -> Resident:
        known = (model.served_by, options(model))
        if known not in self._residents:
            self._residents[known] = self._shared(local_models.find(model), known[1])
        return self._residents[known]

    def _shared(self, file: LocalFile, chosen: Options) -> Resident:
        """Two names of one file share what is loaded."""
        for resident in self._residents.values():
            if (resident.file.path, resident.options) == (file.path, chosen):
                return resident
        return Resident(file, chosen, self._cores)


def _machine_cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
