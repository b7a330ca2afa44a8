"""The tables that are counts, not statistics: runs and messages."""

import pandas as pd

from mascope.tables.analysis import Analysis
from mascope.tables.table import Column, Table

RUN_COLUMNS = (
    Column("run", "The run's id."),
    Column("series", "The series it belongs to."),
    Column("replicate", "Its number within the series, from 1.", detail=True),
    Column("status", "done, partial (can be resumed), failed (an agent never answered) or aborted."),
    Column("messages", "Codable messages: no failure, at least two characters of text."),
    Column("empty", "Answers with less text than that."),
    Column("failures_injected", "Turns lost to faults that the study asks for."),
    Column("failures_organic", "Turns lost to anything else."),
    Column("prompt_tokens", "Tokens sent, as the providers counted them.", detail=True),
    Column("completion_tokens", "Tokens answered, reasoning included."),
    Column("cost_usd", "What the answers cost in USD; empty where a price is unknown.", 4),
    Column("seconds", "From the first event of the journal to its last.", 1),
)

MESSAGE_COLUMNS = (
    Column("message", "The message's id: run, name and round."),
    Column("run", "The run's id."),
    Column("series", "The series."),
    Column("agent", "The participant's key, the same in every series."),
    Column("name", "What it is called in the chat.", detail=True),
    Column("model", "Its model, as a reader knows it."),
    Column("round", "The round, from 0."),
    Column("position", "Its place in the speaking order of the round, from 0.", detail=True),
    Column("words", "Words of the text.", detail=True),
    Column("mentions", "The other agents that the text names."),
    Column("broadcast", "Whether it merely lists many agents."),
    Column("finish_reason", "Why the model stopped: `length` means it was cut off.", detail=True),
)


def runs_table(analysis: Analysis) -> Table:
    return _taken("runs", "Runs", RUN_COLUMNS, analysis.frames.runs)


def messages_table(analysis: Analysis) -> Table:
    return _taken("messages", "Codable messages", MESSAGE_COLUMNS, analysis.frames.messages)


def _taken(name: str, title: str, columns: tuple[Column, ...], frame: pd.DataFrame) -> Table:
    return Table(name, title, columns, frame[[column.name for column in columns]])
