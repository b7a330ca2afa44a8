"""`run` on a cluster: the same stage, with the discussions held by workers."""

from collections.abc import Mapping
from functools import partial

from mascope.cluster.connecting import Cluster, connected
from mascope.cluster.dispatch import Dispatch, in_session
from mascope.cluster.holding import Holding
from mascope.cluster.relay import replay_run
from mascope.cluster.session import Session
from mascope.discussion.engine import Observer
from mascope.halt import Halt
from mascope.pipeline import running
from mascope.pipeline.running import Options, Prepared, RunSummary


async def hold(prepared: Prepared, options: Options, observer: Observer, address: str) -> RunSummary:
    """Hold the runs that remain, on the cluster at `address`. Ends, and resumes, as on one machine."""
    if not prepared.to_do:
        return await running.hold(prepared, observer)  # which has nothing to hold
    async with connected(address) as cluster:
        return await running.hold(prepared, observer, there(cluster, options))


def there(cluster: Cluster, options: Options) -> running.Holding:
    """Holds runs on the workers of a cluster."""
    return partial(_there, cluster, options)


async def _there(
    cluster: Cluster, options: Options, prepared: Prepared, observer: Observer, halt: Halt
) -> Mapping[str, str]:
    runs = {run.id: run for run in prepared.to_do}
    session = _session(prepared, options)
    purse = prepared.purse
    budget = (purse.limit_usd, purse.spent_usd) if purse else None
    dispatch = Dispatch(cluster, session, halt, partial(replay_run, observer, runs))
    async with in_session(cluster, session, Holding, budget):
        ended = await dispatch.all(runs)
    return {run: status for run, status in ended.items() if status is not None}


def _session(prepared: Prepared, options: Options) -> Session:
    study = prepared.study
    return Session(
        stage="run",
        root=str(prepared.results.root.resolve()),
        jobs=prepared.jobs,
        budgeted=prepared.purse is not None,
        prices=options.prices.read_text(encoding="utf-8") if options.prices else None,
        about={
            "digest": study.digest,
            "limits": {key: model.context_tokens for key, model in study.models.items()},
        },
    )
