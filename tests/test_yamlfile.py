"""Reading YAML that a person wrote, and everything that can be wrong with it."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mascope.errors import InvalidFile
from mascope.yamlfile import LARGEST_FILE, MOST_NODES, Strict, dump, read, validate


class Part(Strict):
    number: int = 1
    several: tuple[int, ...] = ()


class Whole(Strict):
    name: str
    part: Part = Part()
    parts: dict[str, Part] = {}


def load(folder: Path, content: str | bytes) -> Whole:
    return validate(Whole, read(written(folder, content)))


def written(folder: Path, content: str | bytes) -> Path:
    file = folder / "file.yaml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def problem(folder: Path, content: str | bytes) -> str:
    """What the one error says, after the name of the file."""
    with pytest.raises(InvalidFile) as caught:
        load(folder, content)
    return str(caught.value).removeprefix(str(folder / "file.yaml"))


# What can be read ---------------------------------------------------------------------------------------


def test_a_file_becomes_a_model(tmp_path: Path) -> None:
    whole = load(tmp_path, "name: x\npart: {number: 2}\nparts:\n  a: {several: [1, 2]}\n")

    assert whole == Whole(name="x", part=Part(number=2), parts={"a": Part(several=(1, 2))})


def test_keys_stay_as_written(tmp_path: Path) -> None:
    data = read(written(tmp_path, "NO: 1\n1: 2\nnull: 3\n1.0: 4\n2024-01-01: 5\n")).data

    assert list(data) == ["NO", "1", "null", "1.0", "2024-01-01"]


def test_a_time_of_day_is_not_counted_in_sixties(tmp_path: Path) -> None:
    assert read(written(tmp_path, "at: 10:30\nto: 1:30.5\n")).data == {"at": "10:30", "to": "1:30.5"}


def test_a_byte_order_mark_and_windows_lines_are_read(tmp_path: Path) -> None:
    assert load(tmp_path, b"\xef\xbb\xbfname: x\r\npart:\r\n  number: 3\r\n").part.number == 3


def test_an_alias_stands_for_a_copy(tmp_path: Path) -> None:
    whole = load(tmp_path, "name: x\nparts:\n  a: &a {number: 5}\n  b: *a\n")

    assert whole.parts["b"].number == 5


def test_lines_are_kept_for_keys_and_items(tmp_path: Path) -> None:
    document = read(written(tmp_path, "name: x\npart:\n  several:\n    - 1\n    - 2\n"))

    assert document.lines["part", "several"] == 3
    assert document.lines["part", "several", 1] == 5


TEXTS = [
    "yes",
    "1",
    "null",
    "2024-01-01",
    "10:30",
    "é",
    "\u2028",
    "a\rb",
    "a\x85\nb",
    "  x",
    "x \ny",
    "#",
    "a: b",
    "",
    "\n",
    "-",
    "=",
    "'\"",
]


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_dumped_is_read_back(tmp_path: Path, text: str) -> None:
    data = {"text": text, "list": [text, 1, 2.5, None, True], "deep": {text or "k": {"x": text}}}

    assert read(written(tmp_path, dump(data))).data == data


SCALARS = st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8"))


@given(st.dictionaries(st.text("abc-_.: #'\"é1~", min_size=1), SCALARS | st.lists(SCALARS)))
def test_any_plain_data_survives_a_round_trip(
    tmp_path_factory: pytest.TempPathFactory, data: dict[str, Any]
) -> None:
    file = written(tmp_path_factory.mktemp("round"), dump(data))

    assert read(file).data == data


# What a person may get wrong ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("nme: x\n", ":1: nme: unknown key; did you mean 'name'?"),
        ("name: x\npart:\n  numbr: 2\n", ":3: part.numbr: unknown key; did you mean 'number'?"),
        ("name: x\npart:\n  zzz: 2\n", ":3: part.zzz: unknown key; known here: number, several"),
        (
            "name: x\nparts:\n  a: {}\n  b:\n    nmber: 1\n",
            ":5: parts.b.nmber: unknown key; did you mean 'number'?",
        ),
        ("part: {}\n", ":1: name: is missing; this key is needed"),
        ("name: x\npart:\n  number: two\n", ":3: part.number: must be a whole number"),
        ("name: x\npart:\n  several: [1, 2, three]\n", ":3: part.several.2: must be a whole number"),
        ("name: x\npart: [1]\n", ":2: part: must be a mapping"),
        ("name: x\npart:\n  several: 3\n", ":3: part.several: must be a list"),
        ("name: 3\n", ":1: name: must be text (put it in quotes)"),
        ("name: no\n", ":1: name: must be text (put it in quotes)"),
        ("name: x\npart: {number: .inf}\n", ":2: part.number: must be a finite number"),
        (
            "name: 3\npart: [1]\n",
            ":1: name: must be text (put it in quotes) (and 1 more problem in this file)",
        ),
    ],
)
def test_a_wrong_key_or_value_is_named_with_its_line(tmp_path: Path, content: str, says: str) -> None:
    assert problem(tmp_path, content).startswith(says)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("name: x\nname: y\n", ":2: 'name' is given twice in the same mapping"),
        ("name: x\npart: {number: 1,\n  number: 2}\n", ":3: 'number' is given twice in the same mapping"),
        ("1: x\n'1': y\n", ":2: '1' is given twice in the same mapping"),
        ("a: &a {number: 1}\npart:\n  <<: *a\n", ":3: merge keys (<<) are not supported"),
        ("? [a, b]\n: c\n", ":1: keys must be plain text"),
        ("name: !thing x\n", ":1: the tag !thing is not supported"),
        ("name: x\npart: !thing {number: 1}\n", ":2: the tag !thing is not supported"),
        ("name: !!python/object/apply:os.getcwd []\n", ":1: the tag !!python/object/apply:os.getcwd is not"),
        ("name: !!binary aGk=\n", ":1: the tag !!binary is not supported"),
        ("name: !!timestamp x\n", ":1: cannot be read as a value: 'x'"),
        ("name: !!bool x\n", ":1: cannot be read as a value: 'x'"),
        ("name: !!int x\n", ":1: cannot be read as a value: 'x'"),
        ('name: "\\ud800"\n', ":1: holds half a character"),
    ],
)
def test_what_yaml_allows_and_a_study_does_not_is_refused(tmp_path: Path, content: str, says: str) -> None:
    assert problem(tmp_path, content).startswith(says)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("name: [x\n", ":2: not valid YAML"),
        ("name: x\npart:\n\tnumber: 1\n", ":3: not valid YAML"),
        ("name: a: b\n", ":1: not valid YAML"),
        ('name: "x\n', ":2: not valid YAML"),
        ("name: @x\n", ":1: not valid YAML"),
        ("name: *nobody\n", ":1: not valid YAML: found undefined alias 'nobody'"),
        ("name: x\n---\nname: y\n", ":2: not valid YAML"),
        ("", ":1: must be a mapping"),
        ("# nothing\n", ":1: must be a mapping"),
        ("- a\n- b\n", ":1: must be a mapping"),
        ("just text", ":1: must be a mapping"),
        (b"a: 1\nname: \xe9\n", ":2: not UTF-8 text; save the file as UTF-8"),
        ("name: x\n".encode("utf-16"), ":1: not UTF-8 text"),
        (b"name: x\npart: \x00\n", ":2: holds the control character 0x00"),
        (b"\x89PNG\r\n\x1a\n", ":1: not UTF-8 text"),
    ],
)
def test_what_is_not_yaml_or_not_text_is_one_error_with_its_line(
    tmp_path: Path, content: str | bytes, says: str
) -> None:
    assert problem(tmp_path, content).startswith(says)


# What would take for ever -------------------------------------------------------------------------------


def bomb() -> str:
    """Nine lines that stand for three billion values."""
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]")
    return "\n".join(lines)


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    ("content", "says"),
    [
        (bomb(), "aliases expand it to over 50,000 values"),
        ("a: &a {k: *a}\n", "nested more than 40 levels deep (or an alias of itself)"),
        ("a: &a [*a]\n", "nested more than 40 levels deep (or an alias of itself)"),
        ("a: " + "[" * 900_000, "nested more than 40 levels deep"),
        ("a: " + "{" * 900_000, "nested more than 40 levels deep"),
        ("- " * 450_000, "nested more than 40 levels deep"),
        ("\n".join(" " * depth + "a:" for depth in range(600)), "nested more than 40 levels deep"),
        ("a: {" + ",".join("b" * 400_000) + "}", "holds over 50,000 keys and values"),
        ("\n".join(f"k{number}: 1" for number in range(60_000)), "holds over 50,000 keys and values"),
        ("a: " + "9" * 5_000, "cannot be read as a value: '" + "9" * 60 + "…'"),
        ("a: " + "x" * LARGEST_FILE, "larger than 1,000,000 bytes"),
    ],
    ids=["bomb", "own alias", "own alias list", "[", "{", "-", "deep", "keys", "lines", "digits", "large"],
)
def test_a_file_that_explodes_is_refused_in_a_moment(tmp_path: Path, content: str, says: str) -> None:
    error = problem(tmp_path, content)

    assert says in error
    assert len(error) < 300


def test_a_file_may_hold_as_much_as_is_allowed(tmp_path: Path) -> None:
    content = "\n".join(f"k{number}: 1" for number in range(MOST_NODES // 2 - 1))

    assert len(read(written(tmp_path, content)).data) == MOST_NODES // 2 - 1


# Files --------------------------------------------------------------------------------------------------


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match=r"nowhere\.yaml: no such file"):
        read(tmp_path / "nowhere.yaml")


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="not a file"):
        read(tmp_path)


def test_a_name_too_long_for_the_disk_is_an_error_too(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="cannot be read"):
        read(tmp_path / ("a" * 300))
