"""Small made-up transcripts in the shape of the WarRoom platform."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mascope.imports.warroom import import_warroom
from mascope.store import journal
from mascope.store.journal import Journal
from mascope.store.layout import Results

Put = Callable[[str, Any], Path]
"""Writes a file into the folder of transcripts."""

SEATS = (
    ("llama", "LLaMA 3.3 70B", "llama-3.3-70b-versatile"),
    ("kimi", "Kimi K2", "moonshotai/kimi-k2"),
    ("deepseek", "DeepSeek R1", "deepseek-r1"),
)
GONE = "⚠ The model `deepseek-r1` has been decommissioned and is no longer supported."


def said(seat: int, round_: int, text: str, time: str = "23:59", **more: Any) -> dict[str, Any]:
    key, name, model = SEATS[seat]
    return {
        "sender": key, "time": time, "agent": name, "agent_nickname": f"Agent-{'ABC'[seat]}",
        "model_id": model, "position": seat + 1, "round": round_, "text": text,
        "isError": text.startswith("⚠"), **more,
    }  # fmt: skip


def transcript(
    lines: Sequence[dict[str, Any]] | None = None,
    *,
    series: str = "A",
    order: Sequence[int] = (0, 1, 2),
    condition: dict[str, Any] | None = None,
    environment: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A run of three agents, the third of which is gone, in the platform's shape."""
    seats = [
        {"position": place + 1, "key": SEATS[n][0], "name": SEATS[n][1], "nickname": f"Agent-{'ABC'[place]}",
         "model": SEATS[n][2], "enabled": True}
        for place, n in enumerate(order)
    ]  # fmt: skip
    default = [
        said(1, 0, "Bonjour"),
        said(0, 0, "Qui fait quoi ?"),
        said(2, 0, GONE),
        {"sender": "system", "time": "00:00", "system": "— Round 2 —"},
        said(0, 1, "Agent-B, le back-end.", "00:01"),
        said(1, 1, "", "00:01"),
    ]
    user = {"sender": "user", "time": "23:58", "text": "@all Une app", "wordCount": 3}
    return {
        "condition": {
            "label": series, "series": series, "mode": "free", "temperature": 0.8, **(condition or {}),
        },
        "environment": {
            "timestamp": "2026-03-05T00:02:30.500Z", "time": "00:02:30", "runNumber": 4, "staggerMs": 1200,
            "maxRounds": 1, "agentRanking": seats,
            "systemPromptTemplate": "You are {name} in a group chat.\nOther agents: {others}",
            **(environment or {}),
        },
        "conversation": {
            "userPrompt": "@all Une app", "messages": [user, *(default if lines is None else lines)],
        },
        "batch": {"index": 3, "total": 20, "series": series},
    }  # fmt: skip


def only_run(folder: Path, results: Results) -> Journal:
    import_warroom(folder, results)
    [file] = results.journals()
    return journal.read(file)
