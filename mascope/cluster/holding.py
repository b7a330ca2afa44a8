"""The tasks of `run` on a worker: a run each, held as on one machine."""

from collections.abc import Mapping
from pathlib import Path

from mascope.chat.prices import PriceTable
from mascope.chat.routes import require
from mascope.cluster.claims import claimed
from mascope.cluster.link import Link
from mascope.cluster.relay import RunNews
from mascope.cluster.session import Session
from mascope.discussion.asking import Models
from mascope.discussion.engine import Setting
from mascope.discussion.runs import hold_run
from mascope.errors import InvalidInput
from mascope.pipeline.opening import close, open_chats
from mascope.pipeline.planning import used_models
from mascope.store.layout import Results, series_of
from mascope.study import Run, Study, load_study, plan_run


class Holding:
    """Holds runs of one study, on one event loop."""

    def __init__(self, session: Session, link: Link, prices: PriceTable) -> None:
        self._results = Results(Path(session.root))
        self._study = _study(self._results, session)
        models = used_models(self._study)
        require(models)
        self._chats = open_chats(models, prices, link.purse)
        news = RunNews(link.tell)
        self._setting = Setting(Models(self._chats, link.pacer), news, link.halt)

    async def do(self, task: str) -> str | None:
        """Hold the run called `task`, or go on with it; the status it ended with."""
        async with claimed(self._results, task):
            if self._setting.halt.reason is not None:
                return None
            return await hold_run(self._study, self._run(task), self._results, self._setting)

    async def close(self) -> None:
        await close(self._chats)

    def _run(self, name: str) -> Run:
        series = series_of(name)
        return plan_run(self._study, series, int(name.removeprefix(f"{series}-run")))


def _study(results: Results, session: Session) -> Study:
    """The study as the client stored it, with the limits of its models that the client knew."""
    study = load_study(results.study_file)
    if study.digest != session.about["digest"]:
        raise InvalidInput(
            f"{results.study_file} is not the study that the command holds; if the directory is shared by a "
            "network file system, it may be seen late: give the same command again"
        )
    limits: Mapping[str, int | None] = session.about["limits"]
    return study.limited(limits)
