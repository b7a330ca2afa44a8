"""Reading YAML that a person wrote: strict, bounded, and with every error placed at its line.

A file becomes a `Document` (data, and the line of every key); `validate` turns a document into a pydantic
model or one `InvalidFile`. Nothing else in the package reads YAML; `plainly` knows pydantic's errors.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeAlias, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from mascope.errors import InvalidFile
from mascope.plainly import explain

LARGEST_FILE = 1_000_000
"""Bytes. A study is a page or two; what is larger is a mistake."""
MOST_NODES = 50_000
"""Keys and values, before and after aliases are expanded: nested aliases can blow a few lines up to billions,
and PyYAML takes a minute for a few hundred thousand."""
DEEPEST = 40
"""Mappings and lists inside each other."""
LONGEST_SHOWN = 60
"""Characters of a value that an error repeats."""

Place: TypeAlias = tuple[str | int, ...]
Places: TypeAlias = tuple[Place, ...]
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML file's content: plain dicts, lists and scalars; keys are always text."""

    file: Path
    data: dict[str, Any]
    lines: Mapping[Place, int] = field(default_factory=dict)
    """Line (from 1) of each key and list item, by its path."""

    def error(self, place: Place, problem: str) -> InvalidFile:
        """The error to raise for something wrong at `place`, with the nearest line that is known."""
        line = self.lines.get(self._nearest(place))
        key = ".".join(str(part) for part in place)
        return InvalidFile(self.file, problem, line=line, key=key or None)

    def error_in(self, places: Places, where: Place, problem: str) -> InvalidFile:
        """The same for `where` in something merged from several `places`: blames the one that has it.

        A list is taken whole from the first of them that has it, whatever it lacks.
        """
        in_list = next((n for n, part in enumerate(where) if isinstance(part, int)), len(where))

        def known(place: Place) -> int:
            whole = (*place, *where[:in_list])
            return max(n for n in range(len(whole) + 1) if n == 0 or whole[:n] in self.lines) - len(place)

        return self.error((*max(places, key=known), *where), problem)

    def _nearest(self, place: Place) -> Place:
        """The part of `place` that stands in the file; there, one item may stand for a list of one."""
        found: Place = ()
        for part in place:
            if (*found, part) in self.lines:
                found = (*found, part)
            elif not isinstance(part, int):
                break
        return found


class Strict(BaseModel):
    """Base of everything read from a file: no unknown keys, no changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, hide_input_in_errors=True)

    short_forms: ClassVar[tuple[str, ...]] = ()
    """Keys that may be written in a file and are read as others: a hint for what is misspelt."""

    @model_validator(mode="before")
    @classmethod
    def _no_unknown_key(cls, data: Any) -> Any:
        if isinstance(data, dict):
            known = [field.alias or name for name, field in cls.model_fields.items()]
            for key in data:
                if key not in known:
                    near = (*known, *(short for short in cls.short_forms if short != key))
                    raise PydanticCustomError("unknown_key", "{problem}", unknown(key, near))
        return data


def _routed(value: str) -> str:
    """`value`, if it is a route, a slash and a name."""
    if not re.fullmatch(r"[^/\s]+/\S.*", value):
        raise ValueError("must be route/name, such as groq/…, local/…, rehearsal/…")
    return value


Routed = Annotated[str, AfterValidator(_routed)]
"""What serves a model: `groq/…`, `local/…`, `rehearsal/…`."""


def unknown(key: str, known: Iterable[str]) -> dict[str, Any]:
    return {"key": key, "problem": f"unknown key{nearest(key, known)}"}


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint to end an error with: the nearest right word, or all of them when none is near."""
    known = sorted(known)
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; known here: {', '.join(known)}" if known else ""


def read(file: Path) -> Document:
    """The file's content, or `InvalidFile`."""
    root = _composed(file, _text(file))
    builder = _Builder(file)
    data = builder.value(root, ()) if root is not None else None
    if not isinstance(data, dict):
        raise InvalidFile(file, "must be a mapping (`key: value` lines) at the top", line=1)
    return Document(file, data, builder.lines)


def _composed(file: Path, text: str) -> yaml.Node | None:
    try:
        return _Loader(text, file).get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = f"not valid YAML: {error.problem or error.context}"
        raise InvalidFile(file, problem, line=mark.line + 1 if mark else None) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        problem = f"holds the control character {error.character:#04x}; it is not text"
        raise InvalidFile(file, problem, line=line) from error


class _Loader(yaml.SafeLoader):
    """Stops reading where there is too much, before it has taken the time for all of it."""

    def __init__(self, text: str, file: Path) -> None:
        super().__init__(text)
        self._file = file
        self._composed = self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self._composed += 1
        if self._composed > MOST_NODES:
            raise self._too(f"holds over {MOST_NODES:,} keys and values")
        if self._depth > DEEPEST:
            raise self._too(f"nested more than {DEEPEST} levels deep")
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def _too(self, problem: str) -> InvalidFile:
        line = self.peek_event().start_mark.line + 1  # type: ignore[no-untyped-call]
        return InvalidFile(self._file, f"{problem}, too much for a study or a panel", line=line)


def _text(file: Path) -> str:
    try:
        if not file.is_file():
            raise InvalidFile(file, "not a file" if file.exists() else "no such file")
        if file.stat().st_size > LARGEST_FILE:
            raise InvalidFile(file, f"larger than {LARGEST_FILE:,} bytes, too large for a study or a panel")
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InvalidFile(file, "not UTF-8 text; save the file as UTF-8", line=line) from error
    except OSError as error:
        raise InvalidFile(file, f"cannot be read: {error.strerror}") from error


_STANDARD = "tag:yaml.org,2002:"
_TAGS: Mapping[type[yaml.Node], frozenset[str]] = {
    yaml.MappingNode: frozenset({"map"}),
    yaml.SequenceNode: frozenset({"seq"}),
    yaml.ScalarNode: frozenset({"null", "bool", "int", "float", "str", "timestamp", "merge", "value"}),
}
"""The tags that have a meaning here; a merge key is refused where it stands, with a better hint."""


class _Builder:
    """Builds values from composed nodes, so that lines are kept and aliases are counted as expanded."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.lines: dict[Place, int] = {}
        self._built = 0
        self._constructor = yaml.constructor.SafeConstructor()

    def value(self, node: yaml.Node, place: Place) -> Any:
        self._count(node, place)
        self.lines.setdefault(place, node.start_mark.line + 1)
        if node.tag.removeprefix(_STANDARD) not in _TAGS[type(node)]:
            raise self._error(node, f"the tag {node.tag.replace(_STANDARD, '!!')} is not supported")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*place, index)) for index, item in enumerate(node.value)]
        return self._scalar(node)

    def _count(self, node: yaml.Node, place: Place) -> None:
        self._built += 1
        if self._built > MOST_NODES:
            raise self._error(node, f"aliases expand it to over {MOST_NODES:,} values")
        if len(place) > DEEPEST:
            raise self._error(node, f"nested more than {DEEPEST} levels deep (or an alias of itself)")

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        built: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node)
            if key in built:
                raise self._error(key_node, f"{key!r} is given twice in the same mapping")
            self.lines[(*place, key)] = key_node.start_mark.line + 1
            built[key] = self.value(value_node, (*place, key))
        return built

    def _key(self, node: yaml.Node) -> str:
        # As written, not as YAML 1.1 would read it: a series called NO or 1 keeps its name.
        if not isinstance(node, yaml.ScalarNode):
            raise self._error(node, "keys must be plain text")
        if node.tag == f"{_STANDARD}merge":
            raise self._error(node, "merge keys (<<) are not supported; use `base:` for what is shared")
        return self._writable(node)

    def _scalar(self, node: yaml.Node) -> Any:
        kind = node.tag.removeprefix(_STANDARD)
        # YAML 1.1 reads 10:30 as 630, counting by sixties; it is meant as written.
        if kind == "str" or (kind in ("int", "float") and ":" in node.value):
            return self._writable(node)
        try:
            return self._constructor.construct_object(node)
        # What PyYAML raises where a tag is put before text that does not fit it (!!bool x, !!timestamp x).
        except (yaml.YAMLError, ValueError, OverflowError, LookupError, AttributeError) as error:
            shown = f"{node.value[:LONGEST_SHOWN]}{'…' * (len(node.value) > LONGEST_SHOWN)}"
            raise self._error(node, f"cannot be read as a value: {shown!r}") from error

    def _writable(self, node: yaml.Node) -> str:
        text = str(node.value)
        if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
            raise self._error(node, "holds half a character (\\ud800 …); write the character itself")
        return text

    def _error(self, node: yaml.Node, problem: str) -> InvalidFile:
        return InvalidFile(self.file, problem, line=node.start_mark.line + 1)


def validate(model: type[M], document: Document, *, data: Any = None, places: Places = ((),)) -> M:
    """`document` (or `data`, merged from its `places`) as a `model`; the first problem is raised."""
    try:
        return model.model_validate(document.data if data is None else data)
    except ValidationError as error:
        found = [explain(one) for one in error.errors(include_url=False)]
        where = found[0][0]
        problem = _one(problem for place, problem in found if place == where)
        more = len({place for place, _ in found}) - 1
        also = f" (and {more} more problem{'s' * (more > 1)} in this file)" if more else ""
        raise document.error_in(places, where, problem + also) from error


def _one(problems: Iterable[str]) -> str:
    """What may be this or that has a problem with each, at one place; a near miss says it all."""
    distinct = tuple(dict.fromkeys(problems))
    return next((problem for problem in distinct if problem.endswith("?")), ", or ".join(distinct))


def dump(data: Mapping[str, Any]) -> str:
    """YAML text that `read` gives back unchanged; keys keep their order, long texts their lines."""
    return yaml.dump(dict(data), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


_ODD_BREAKS = frozenset("\r\x85\u2028\u2029\ufeff")
"""Characters that YAML reads as ends of lines, or drops, unless they are escaped."""


def _block_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if not _ODD_BREAKS.isdisjoint(text) else "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_represent_text: Callable[[yaml.SafeDumper, str], yaml.ScalarNode] = _block_text
_Dumper.add_representer(str, _represent_text)
