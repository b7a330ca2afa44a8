import pytest

from mascope.annotate.app import COMMANDS
from mascope.annotate.keys import LEVEL_KEYS, RESERVED, flag_keys
from mascope.codebook import Flag
from mascope.errors import InvalidInput


def flags(*names: str) -> list[Flag]:
    return [Flag(name, "d", True, {}, (), {}) for name in names]


def test_flags_have_the_first_free_letter_of_their_name() -> None:
    keys = flag_keys(flags("PHATIC", "META", "LEAD", "ARCH", "AGREE", "COMP"))

    assert keys == {"p": "PHATIC", "m": "META", "l": "LEAD", "a": "ARCH", "g": "AGREE", "c": "COMP"}


def test_many_flags_have_keys_of_their_own_which_are_no_commands() -> None:
    keys = flag_keys(flags(*(f"S{n}" for n in range(40))))

    assert len(set(keys.values())) == 40
    assert not set(keys) & {*COMMANDS, *LEVEL_KEYS}


def test_commands_by_letters_are_reserved() -> None:
    assert {key for key in COMMANDS if len(key) == 1} == RESERVED


def test_more_flags_than_keys_are_refused() -> None:
    with pytest.raises(InvalidInput, match="more than there are keys"):
        flag_keys(flags(*(f"F{n}" for n in range(60))))
