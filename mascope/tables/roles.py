"""Do the agents of a series fall into roles? Clusters by what they show and how much they say."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt
import pandas as pd

from mascope.stats.profiles import flag_values
from mascope.stats.resampling import Floats, ratio
from mascope.stats.roles import AGENTS_TO_CLUSTER, Roles, roles
from mascope.stats.similarity import decided_traits
from mascope.tables.analysis import Analysis
from mascope.tables.differentiation import LABELS, NOT_CODED, SERIES
from mascope.tables.table import Column, Table

ACTIVITY = ("messages", "words", "naming", "named")
"""Beside the traits: messages a run, words a message, others named a message, times named a run."""
TELLING = 0.5
"""Mean z from which a feature is said to mark a cluster."""

COLUMNS = (
    SERIES,
    LABELS,
    Column("agents", "Agents with messages.", detail=True),
    Column(
        "k",
        "Clusters: as many as give the highest silhouette, by k-means on z-scored trait rates, messages a "
        "run, words a message, others named a message, times named a run.",
    ),
    Column("silhouette", "Mean silhouette (Rousseeuw 1987), −1 to 1.", 2, kind="share"),
    Column(
        "stability",
        "Mean adjusted Rand index of the same k under resampling of runs (Hubert and Arabie 1985).",
        2,
        kind="share",
    ),
    Column("supported", "Whether there are agents, separation and stability enough to speak of roles."),
    Column("cluster", "Its number, the largest first."),
    Column("members", "The agents in it."),
    Column("share", "Share of the agents.", 2, kind="share", detail=True),
    Column("messages", "Share of the series' messages.", 2, kind="share", detail=True),
    Column("marks", "Features in which it lies .5 sd or more above (+) or below (−) the mean of all agents."),
    Column("note", "Why there are no clusters, or none that are supported."),
)  # fmt: skip


def roles_table(analysis: Analysis) -> Table:
    """One row a series and cluster; a series without clusters has a row that says why."""
    rows = list(chain.from_iterable(_series_rows(analysis, name) for name in analysis.series))
    frame = pd.DataFrame(rows, columns=[column.name for column in COLUMNS])
    frame = frame.astype({"k": "Int64", "cluster": "Int64", "supported": "boolean"})
    frame = frame.astype(dict.fromkeys(("silhouette", "stability", "share", "messages"), "float64"))
    return Table("roles", "Roles of the agents", COLUMNS, frame, () if analysis.coded else (NOT_CODED,))


def _series_rows(analysis: Analysis, series: str) -> Iterator[Mapping[str, object]]:
    inside = (analysis.labelled["series"] == series).to_numpy()
    labels = analysis.labelled[list(analysis.traits)][inside]
    traits = decided_traits(labels, analysis.traits)
    agents, numerators, denominators = _counts(analysis, inside, labels[list(traits)])
    found = roles(numerators, denominators, analysis.rng(f"roles {series}"))
    about: dict[str, object] = {"series": series, "labels": analysis.labels, "agents": len(agents)}
    if found is None:
        few = (
            f"fewer than {AGENTS_TO_CLUSTER} agents"
            if len(agents) < AGENTS_TO_CLUSTER
            else "the agents are alike"
        )
        yield about | {"supported": False, "note": few}
        return
    whole: dict[str, object] = {
        "k": found.k, "silhouette": found.silhouette, "stability": found.stability,
        "supported": not found.doubt, "note": f"unsupported: {found.doubt}" if found.doubt else "",
    }  # fmt: skip
    said = numerators[..., len(traits)].sum(axis=0)
    for cluster in range(found.k):
        yield about | whole | _cluster(found, cluster, (agents, said), (*traits, *ACTIVITY))


def _cluster(
    found: Roles, cluster: int, spoke: tuple[list[str], Floats], features: tuple[str, ...]
) -> dict[str, object]:
    agents, said = spoke
    member = found.cluster == cluster
    return {
        "cluster": cluster + 1,
        "members": ", ".join(agent for agent, of_it in zip(agents, member, strict=True) if of_it),
        "share": float(member.mean()),
        "messages": float(ratio(said[member].sum(), said.sum())),
        "marks": " ".join(_marks(found.z[member].mean(axis=0), features)),
    }


def _marks(z: Floats, features: tuple[str, ...]) -> Iterator[str]:
    """The most telling first."""
    for place in np.argsort(-np.abs(z), kind="stable"):
        if abs(z[place]) >= TELLING:
            yield f"{'+' if z[place] > 0 else '−'}{features[place]}"


def _counts(
    analysis: Analysis, inside: npt.NDArray[np.bool_], labels: pd.DataFrame
) -> tuple[list[str], Floats, Floats]:
    """Agents, and what their features are ratios of: (runs, agents, features) twice."""
    frame = analysis.frames.messages[["run", "agent", "mentions", "words"]][inside]
    run, runs = pd.factorize(frame["run"])
    agent, agents = pd.factorize(frame["agent"].astype(str).to_numpy(), sort=True)
    shape = (len(runs), len(agents))

    def summed(weights: Floats) -> Floats:
        sums = np.bincount(run * shape[1] + agent, weights=weights, minlength=shape[0] * shape[1])
        return sums.reshape(shape).astype(np.float64)

    values = flag_values(labels, list(labels.columns))
    messages = summed(np.ones(len(frame)))
    others = np.array([len(named) for named in frame["mentions"]], dtype=np.intp)
    naming = summed(others.astype(np.float64))
    words = summed(frame["words"].to_numpy(dtype=np.float64))
    named = _named(list(frame["mentions"]), np.repeat(run, others), list(agents), shape)
    numerators = [*(summed(row == 1) for row in values), messages, words, naming, named]
    present = np.broadcast_to(np.ones((1, 1)), shape)
    denominators = [*(summed(~np.isnan(row)) for row in values), present, messages, messages, present]
    return list(agents), np.stack(numerators, axis=-1), np.stack(denominators, axis=-1)


def _named(
    mentions: Sequence[tuple[str, ...]], when: npt.NDArray[np.intp], agents: list[str], shape: tuple[int, int]
) -> Floats:
    """(runs, agents): how often each was named by others; those who never spoke are no agents here.

    when: the run of each of the agents named.
    """
    who = pd.Index(agents).get_indexer(pd.Index(list(chain.from_iterable(mentions)), dtype=object))
    known = who >= 0
    sums = np.bincount(when[known] * shape[1] + who[known], minlength=shape[0] * shape[1])
    return sums.reshape(shape).astype(np.float64)
