"""Vectors by the study's own model: from a server on loopback, and from Python code."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from mascope.chat import embedding as chat
from mascope.chat.retrying import RetryPolicy
from mascope.errors import CallFailed, InvalidFile, InvalidInput, MascopeError, MissingPrerequisite
from mascope.pipeline.embedding import embed_texts
from mascope.pipeline.reporting import Options, analyse
from mascope.records import Agent, Message, message_id
from mascope.store.journal import Header, whole
from mascope.store.layout import Results
from mascope.store.vectors import Kept, digest
from mascope.study import load_study, stamped
from mascope.study.embedding import embedding_of
from mascope.tables.convergence import convergence_table
from mascope.yamlfile import dump
from tests.real.misbehaviours import in_order, rate_limited, status
from tests.real.openai_server import OpenAIServer, always, embedding_by
from tests.rehearsed import mascope

AGENTS = tuple(Agent(name, name, name, "m", "groq/m", "M", seat) for seat, name in enumerate("abc"))


def vector(text: str) -> list[float]:
    return [float(len(text)), float(text.count("e")), 1.0]


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries do not wait here."""
    monkeypatch.setattr(chat, "RetryPolicy", lambda: RetryPolicy(first_wait_s=0.0))


@pytest.fixture
def results(tmp_path: Path) -> Results:
    """Two runs; every agent says a text of its own, and in the second round the first agent's again."""
    made = Results(tmp_path / "study")
    for replicate in (1, 2):
        run = f"A-run0{replicate}"
        header = Header(
            run=run, series="A", replicate=replicate, seed=1, study="s", digest="d", agents=AGENTS,
            condition={}, condition_digest="c", simulated=False, version="0",
        )  # fmt: skip
        turns = [
            Message(
                message_id(run, agent.name, round_), agent.id, agent.name, "m", None, round_, agent.seat,
                f"A sentence {agent.name * (agent.seat + 1)} of {run}" if round_ == 0 else f"Hello {run}",
                (), "",
            )
            for round_ in (0, 1) for agent in AGENTS
        ]  # fmt: skip
        file = made.journal(run)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(whole(header, turns, ended=""))
    return made


def choose(results: Results, embeddings: object) -> None:
    data = {"study": "s", "series": {"A": {}}, "analysis": {"embeddings": embeddings}}
    results.write_study(dump(data))


def at(server: OpenAIServer, **more: object) -> dict[str, object]:
    return {"model": "openai/vectors-1", "base_url": server.url, **more}


def test_texts_are_sent_once_and_the_report_uses_their_vectors(
    results: Results, openai_server: OpenAIServer
) -> None:
    openai_server.choose = always(embedding_by(vector))
    choose(results, at(openai_server, batch=3))
    first = embed_texts(results)
    again = embed_texts(results)

    assert (first.texts, first.kept, again.kept) == (8, 0, 8)
    assert sorted(len(body["input"]) for body in openai_server.bodies) == [2, 3, 3]
    assert len({text for body in openai_server.bodies for text in body["input"]}) == 8
    assert first.tokens == sum(len(text.split()) for body in openai_server.bodies for text in body["input"])
    analysis = analyse(results, Options(resamples=50))
    expected = np.array([vector(text) for text in analysis.frames.messages["text"]])
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    assert analysis.embedded == pytest.approx(expected, abs=1e-6)
    assert "semantic: openai/vectors-1, 3 dimensions." in convergence_table(analysis).notes


def test_a_report_sends_nothing_and_says_what_it_took_instead(
    results: Results, openai_server: OpenAIServer
) -> None:
    choose(results, at(openai_server))
    notes = convergence_table(analyse(results, Options(resamples=50))).notes

    assert openai_server.count == 0
    assert any("LSA, for not every text has a vector by openai/vectors-1" in note for note in notes)


def test_what_fails_in_passing_is_asked_again(results: Results, openai_server: OpenAIServer) -> None:
    good = embedding_by(vector)
    openai_server.choose = in_order(rate_limited("0"), then=good)
    choose(results, at(openai_server))

    assert embed_texts(results).texts == 8
    assert openai_server.count == 2


def test_batches_that_came_are_kept_where_a_later_one_fails(
    results: Results, openai_server: OpenAIServer
) -> None:
    broken = embedding_by(lambda text: [1.0], data=[])
    choose(results, at(openai_server, batch=4))
    openai_server.choose = lambda received: (
        embedding_by(vector) if "A-run01" in received.raw.decode() else broken
    )
    with pytest.raises(ExceptionGroup) as caught:
        embed_texts(results)
    kept = Kept(results, embedding_of(results.study()).folder).digests()  # type: ignore[union-attr]
    openai_server.choose = always(embedding_by(vector))
    found = embed_texts(results)

    assert caught.group_contains(CallFailed, match="0 vectors came for 4 texts")
    assert len(kept) == found.kept == 4


def test_a_key_that_is_not_there_is_told_before_anything_is_sent(
    results: Results, openai_server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VECTOR_KEY", raising=False)
    choose(results, at(openai_server, key_env="VECTOR_KEY"))

    with pytest.raises(MissingPrerequisite, match="VECTOR_KEY"):
        embed_texts(results)
    assert openai_server.count == 0


def test_a_function_and_an_object_that_encodes_make_vectors_too(
    results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own_vectors.py").write_text(
        "import numpy as np\n"
        "def by_length(texts): return [[len(text), 1] for text in texts]\n"
        "class Model:\n"
        "    def encode(self, texts): return np.array([[len(text), 1] for text in texts])\n"
        "model = Model()\n"
        "def wrong(texts): return [[1.0]]\n"
    )
    monkeypatch.chdir(tmp_path)
    for entry in ("own_vectors:by_length", "own_vectors:model"):
        choose(results, {"python": entry})
        embed_texts(results)
        analysis = analyse(results, Options(resamples=50))
        assert analysis.embedded is not None
        assert analysis.embedded.shape == (12, 2)
    choose(results, {"python": "own_vectors:wrong"})
    with pytest.raises(InvalidInput, match="1 vectors came for 8 texts"):
        embed_texts(results)


@pytest.mark.parametrize("entry", ["no_such_module:x", "json:no_such_name", "json:__doc__"])
def test_python_code_that_is_not_there_is_an_error(results: Results, entry: str) -> None:
    choose(results, {"python": entry})

    with pytest.raises(InvalidInput, match="embeddings: "):
        embed_texts(results)


@pytest.mark.parametrize("name", ["lsa", "tfidf"])
def test_what_is_built_in_needs_no_command(results: Results, name: str) -> None:
    choose(results, name)

    with pytest.raises(InvalidInput, match="computed by the report itself"):
        embed_texts(results)
    notes = convergence_table(analyse(results, Options(resamples=50))).notes
    assert f"semantic: {'LSA' if name == 'lsa' else 'TF-IDF'}." in notes


def test_a_damaged_part_is_named(results: Results) -> None:
    choose(results, {"python": "json:dumps"})
    wanted = embedding_of(results.study())
    assert wanted is not None
    kept = Kept(results, wanted.folder)
    kept.add({digest("x"): [1.0, 0.0]})
    (kept.folder / "part-0002.parquet").write_bytes(b"torn")

    with pytest.raises(InvalidFile, match="part-0002"):
        kept.of(["x"])


def test_vectors_of_two_lengths_are_refused(results: Results) -> None:
    kept = Kept(results, "m")
    kept.add({digest("x"): [1.0, 0.0]})
    kept.add({digest("y"): [1.0]})

    assert kept.of(["x"]) == pytest.approx(np.array([[1.0, 0.0]]))
    assert kept.of(["x", "z"]) is None
    with pytest.raises(InvalidFile, match="different lengths"):
        kept.of(["x", "y"])


# The key of a study ----------------------------------------------------------------------------------------


def study(tmp_path: Path, embeddings: object) -> Path:
    data = {
        "study": "s", "brief": "Discuss.", "models": {"m": {"model": "rehearsal/plain"}},
        "base": {"participants": ["m", "m"]}, "series": {"A": {}}, "analysis": {"embeddings": embeddings},
    }  # fmt: skip
    file = tmp_path / "s.yaml"
    file.write_text(dump(data), encoding="utf-8")
    return file


def test_a_study_keeps_its_embedding_and_its_digest(tmp_path: Path) -> None:
    plain, chosen = (load_study(study(tmp_path, name)) for name in ("lsa", "openai/text-embedding-3-small"))
    stored = yaml.safe_load(dump(stamped(chosen, tmp_path)))

    assert plain.digest == chosen.digest
    assert stored["analysis"] == {"embeddings": {"model": "openai/text-embedding-3-small"}}
    wanted = embedding_of(stored)
    assert wanted is not None
    assert wanted.name == "openai/text-embedding-3-small"
    assert json.loads(json.dumps(stored["analysis"])) == chosen.analysis
    assert embedding_of(stamped(plain, tmp_path)) is None


@pytest.mark.parametrize(
    ("embeddings", "problem"),
    [
        ("lsaa", "did you mean 'lsa'"),
        ({"python": "no colon"}, "module:name"),
        ({"model": "openai/x", "python": "a:b"}, "one of"),
        ({"python": "a:b", "key_env": "K"}, "mean nothing"),
    ],
)
def test_an_embedding_that_cannot_be_is_refused(tmp_path: Path, embeddings: object, problem: str) -> None:
    with pytest.raises(MascopeError, match=problem):
        load_study(study(tmp_path, embeddings))


def test_the_command_embeds_goes_on_and_says_so_to_people_and_scripts(
    results: Results, openai_server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VECTOR_KEY", "made-up")
    openai_server.choose = always(embedding_by(vector))
    choose(results, at(openai_server, batch=3, key_env="VECTOR_KEY"))
    first, again = mascope("embed", results.root), mascope("embed", results.root, "--json")
    reported = mascope("report", results.root, "--only", "convergence")

    assert (first.returncode, again.returncode, reported.returncode) == (0, 0, 0), first.stderr
    assert first.stdout.startswith("openai/vectors-1: 8 texts, 0 had a vector before, ")
    assert json.loads(again.stdout) == {"model": "openai/vectors-1", "texts": 8, "kept": 8, "tokens": 0}
    assert openai_server.count == 3  # the second command, and the report, sent nothing
    assert "semantic: openai/vectors-1, 3 dimensions." in " ".join(reported.stdout.split())
    assert "made-up" not in first.stdout + first.stderr + again.stdout


def test_the_command_says_what_is_missing_and_what_failed(
    results: Results, openai_server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VECTOR_KEY", raising=False)
    choose(results, at(openai_server, key_env="VECTOR_KEY"))
    keyless = mascope("embed", results.root)
    monkeypatch.setenv("VECTOR_KEY", "made-up")
    openai_server.choose = always(status(400, {"error": {"message": "no vectors here"}}))
    failed = mascope("embed", results.root)
    choose(results, "lsa")
    built_in = mascope("embed", results.root)

    assert (keyless.returncode, failed.returncode, built_in.returncode) == (3, 1, 2)
    assert "VECTOR_KEY" in keyless.stderr
    assert "no vectors here" in " ".join(failed.stderr.split())
    assert "names no embedding model" in " ".join(built_in.stderr.split())
    assert not any("Traceback" in done.stderr for done in (keyless, failed, built_in))
