"""The shape of a WarRoom transcript: what one JSON file holds, as far as it is used."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mascope.errors import InvalidFile


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, populate_by_name=True, hide_input_in_errors=True)


class Seat(_Part):
    key: str = Field(min_length=1)
    name: str
    nickname: str = Field(min_length=1)
    model: str = Field(min_length=1)
    enabled: bool = True


class Line(_Part):
    """An entry of the chat: of the user, of the system, or of an agent (which has a text and a round)."""

    sender: str
    time: str = ""
    """The local clock, to the minute."""
    text: str | None = None
    system: str | None = None
    round: int | None = Field(default=None, ge=0)
    agent: str | None = None
    nickname: str | None = Field(default=None, alias="agent_nickname")
    model: str | None = Field(default=None, alias="model_id")
    error: bool | None = Field(default=None, alias="isError")


class Settings(_Part):
    series: str = "custom"
    mode: str = "free"
    temperature: float | None = Field(default=None, ge=0, le=2)
    isolated: bool = Field(default=False, alias="isolatedMode")
    statuses: bool = Field(default=False, alias="statusesVisible")
    clock: bool = Field(default=False, alias="dateTimeVisible")
    clone_label: str | None = Field(default=None, alias="cloneModelName")


class Environment(_Part):
    timestamp: datetime
    """When the file was written, at the end of the run."""
    time: str = ""
    """The same moment on the local clock."""
    number: int | None = Field(default=None, alias="runNumber")
    stagger_ms: float = Field(default=1200, alias="staggerMs", ge=0)
    max_rounds: int = Field(default=10, alias="maxRounds", ge=0, lt=10_000)
    seats: tuple[Seat, ...] = Field(alias="agentRanking", min_length=1)
    template: str = Field(default="", alias="systemPromptTemplate")


class Conversation(_Part):
    brief: str = Field(alias="userPrompt", min_length=1)
    lines: tuple[Line, ...] = Field(alias="messages")


class Batch(_Part):
    index: int | None = None


class Transcript(_Part):
    condition: Settings
    environment: Environment
    conversation: Conversation
    batch: Batch = Batch()

    @property
    def seats(self) -> tuple[Seat, ...]:
        """Those who took part, in the order in which they were started."""
        return tuple(seat for seat in self.environment.seats if seat.enabled)

    @property
    def isolated(self) -> bool:
        """Whether each agent answered alone."""
        return self.condition.isolated

    @property
    def rounds(self) -> int:
        """Planned rounds: the platform counts its free rounds after a first one, number 0."""
        return 1 if self.condition.mode == "single" else self.environment.max_rounds + 1

    @property
    def ended(self) -> datetime:
        moment = self.environment.timestamp
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)

    @property
    def utc_offset(self) -> timedelta:
        """How far the local clock of the recording was ahead of UTC, to the quarter of an hour."""
        local = minutes(self.environment.time)
        if local is None:
            return timedelta()
        ahead = (local - self.ended.hour * 60 - self.ended.minute + 12 * 60) % (24 * 60) - 12 * 60
        return timedelta(minutes=15 * round(ahead / 15))


def minutes(clock: str) -> int | None:
    """`17:05` or `5:05 PM` → minutes since midnight; None if it is no time."""
    digits, _, half = clock.replace("\u202f", " ").strip().upper().partition(" ")
    hour, _, rest = digits.partition(":")
    minute = rest[:2]
    if not (hour.isdecimal() and minute.isdecimal()):
        return None
    hours = int(hour) % 12 + 12 * (half[:1] == "P") if half[:1] in ("A", "P") else int(hour)
    return hours * 60 + int(minute) if hours < 24 and int(minute) < 60 else None


def read(file: Path) -> Transcript:
    """The transcript in `file`, or `InvalidFile`."""
    try:
        return Transcript.model_validate(json.loads(file.read_bytes()))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise InvalidFile(file, f"not a WarRoom transcript: {first['msg']}", key=key or None) from error
    except OSError as error:
        raise InvalidFile(file, f"cannot be read: {error.strerror}") from error
    except json.JSONDecodeError as error:
        raise InvalidFile(file, f"not JSON: {error.msg}", line=error.lineno) from error
    except (ValueError, RecursionError) as error:
        raise InvalidFile(file, f"not JSON: {error}") from error
