"""`embed`: vectors of all codable messages, by the model that the study names; those that are there stay."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mascope.chat.embedding import by_python, embed
from mascope.chat.remote import Remote, import_litellm
from mascope.chat.routes import missing_for
from mascope.chat.types import Model
from mascope.errors import InvalidInput, MissingPrerequisite
from mascope.store import frames
from mascope.store.layout import Results
from mascope.store.vectors import Kept, digest
from mascope.study.embedding import Embedding, embedding_of

AT_ONCE = 4
"""Requests under way."""
Told = Callable[[int, int], None]
"""Hears after each batch: texts done, texts in all."""


@dataclass(frozen=True, slots=True)
class EmbedSummary:
    model: str
    texts: int
    """Different texts of codable messages."""
    kept: int
    """Of those, how many had their vector before."""
    tokens: int | None
    """Sent now, as the provider counted them; None where it did not say."""


def embed_texts(results: Results, told: Told = lambda done, of: None) -> EmbedSummary:
    """Compute the vectors that are missing. Resumes: a batch that came is on disk.

    `InvalidInput` where the study names no model; `CallFailed` where the model cannot be had.
    """
    wanted = embedding_of(results.study())
    if wanted is None:
        raise InvalidInput(
            f"{results.study_file}: names no embedding model (`analysis: {{embeddings: …}}`); LSA and TF-IDF "
            "are computed by the report itself"
        )
    texts = {digest(text): text for text in frames.load(results).messages["text"]}
    with results.locked():
        kept = Kept(results, wanted.folder)
        there = kept.digests() & texts.keys()
        missing = [key for key in texts if key not in there]
        work = _Work(kept, texts, lambda done: told(len(there) + done, len(texts)))
        tokens = work.by(wanted, missing)
    return EmbedSummary(wanted.name, len(texts), len(there), tokens)


@dataclass(slots=True)
class _Work:
    """What is still to be embedded; each batch is kept as it comes."""

    kept: Kept
    texts: dict[str, str]
    told: Callable[[int], None]
    done: int = 0
    tokens: int | None = 0

    def by(self, wanted: Embedding, missing: Sequence[str]) -> int | None:
        batches = [missing[n : n + wanted.batch] for n in range(0, len(missing), wanted.batch)]
        if wanted.model is not None:
            asyncio.run(self._asked(wanted.model, batches))
            return self.tokens
        for batch in batches:
            found = by_python(str(wanted.python), [self.texts[key] for key in batch])
            self._keep(batch, found.vectors, None)
        return None

    async def _asked(self, model: Model, batches: Sequence[Sequence[str]]) -> None:
        if batches and (missing := missing_for([model])):
            raise MissingPrerequisite("; ".join(missing))
        if batches:
            import_litellm()
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(batch: Sequence[str]) -> None:
            async with gate:
                found = await embed(model, [self.texts[key] for key in batch])
            self._keep(batch, found.vectors, found.tokens)

        try:
            async with asyncio.TaskGroup() as group:
                for batch in batches:
                    group.create_task(one(batch))
        finally:
            await Remote().aclose()

    def _keep(self, batch: Sequence[str], vectors: Sequence[Sequence[float]], tokens: int | None) -> None:
        self.kept.add(dict(zip(batch, vectors, strict=True)))
        self.done += len(batch)
        self.tokens = None if tokens is None or self.tokens is None else self.tokens + tokens
        self.told(self.done)
