"""What comes in beside the codes: sampling weights, notes, and whose row it is."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mascope.errors import InvalidFile, InvalidInput
from mascope.imports.codes import import_codes
from mascope.imports.warroom import import_warroom
from mascope.records import Coding, Mark
from mascope.store import codes, lines
from mascope.store.layout import Results
from tests.imports.made_up import Put, transcript

Sheet = Callable[[str], Path]
FIRST, SECOND = "A-run01|Agent-A|R0", "A-run01|Agent-A|R1"


@pytest.fixture
def sheet(tmp_path: Path) -> Sheet:
    def write(text: str) -> Path:
        file = tmp_path / "codes.csv"
        file.write_text(text)
        return file

    return write


@pytest.fixture
def held(folder: Path, results: Results, put: Put) -> Results:
    put("warroom-A-run01.json", transcript())
    import_warroom(folder, results)
    return results


def weights(results: Results, coder: str) -> dict[str, float]:
    return {m: w for file in results.codes_of(coder) for m, w in codes.read(file).weights.items()}


def notes(results: Results, coder: str) -> dict[str, str]:
    every = (line for file in results.codes_of(coder) for line in lines.read(file))
    return {line["message"]: line["note"] for line in every if "note" in line}


def test_weights_and_notes_stand_beside_the_codes(held: Results, sheet: Sheet) -> None:
    file = sheet(f"id,phatic,weight,note\n{FIRST},1,12.5,a bit short\n{SECOND},0,3,\n")

    summary = import_codes(file, held, "human")

    assert (summary.flags, summary.weighted, summary.notes) == (("PHATIC",), 2, 1)
    assert weights(held, "human") == {FIRST: 12.5, SECOND: 3.0}
    assert notes(held, "human") == {FIRST: "a bit short"}


def test_a_coders_own_column_of_weights_goes_before_the_one_for_all(held: Results, sheet: Sheet) -> None:
    file = sheet(f"id,ann_phatic,bob_phatic,weight,ann_weight,bob_note\n{FIRST},1,0,2,5,hm\n")

    import_codes(file, held, "ann", "ann_")
    import_codes(file, held, "bob", "bob_")

    assert (weights(held, "ann"), notes(held, "ann")) == ({FIRST: 5.0}, {})
    assert (weights(held, "bob"), notes(held, "bob")) == ({FIRST: 2.0}, {FIRST: "hm"})


def test_an_empty_weight_is_none(held: Results, sheet: Sheet) -> None:
    summary = import_codes(sheet(f"id,phatic,weight\n{FIRST},1,2\n{SECOND},1,\n"), held, "human")

    assert (summary.messages, summary.weighted) == (2, 1)
    assert weights(held, "human") == {FIRST: 2.0}


@pytest.mark.parametrize("weight", ["0", "-1", "many", "nan", "inf"])
def test_what_is_no_weight_is_one_error_at_its_line(held: Results, sheet: Sheet, weight: str) -> None:
    with pytest.raises(InvalidFile, match=rf":3: weight: '{weight}' is no weight; it is for how many"):
        import_codes(sheet(f"id,phatic,weight\n{FIRST},1,2\n{SECOND},1,{weight}\n"), held, "human")
    assert held.codes_of("human") == []


def test_other_weights_are_other_codes(held: Results, sheet: Sheet) -> None:
    import_codes(sheet(f"id,phatic,weight\n{FIRST},1,2\n"), held, "human")

    assert not import_codes(sheet(f"id,phatic,weight\n{FIRST},1,2.0\n"), held, "human").written
    with pytest.raises(InvalidInput, match="there are other codes by 'human' already"):
        import_codes(sheet(f"id,phatic,weight\n{FIRST},1,4\n"), held, "human")


def test_rows_of_one_message_must_weigh_the_same(held: Results, sheet: Sheet) -> None:
    with pytest.raises(InvalidFile, match="is coded otherwise in line 2"):
        import_codes(sheet(f"id,phatic,weight\n{FIRST},1,2\n{FIRST},1,3\n"), held, "human")


def test_a_column_coder_tells_whose_rows_they_are(held: Results, sheet: Sheet) -> None:
    file = sheet(f"id,coder,phatic\n{FIRST},ann,1\n{FIRST},bob,0\n{SECOND},ann,0\n")

    import_codes(file, held, "ann")
    import_codes(file, held, "bob")

    said = {
        coder: [v for f in held.codes_of(coder) for v in codes.read(f).verdicts] for coder in ("ann", "bob")
    }
    assert said["ann"] == [
        Coding(FIRST, {"PHATIC": Mark("yes")}),
        Coding(SECOND, {"PHATIC": Mark("no")}),
    ]
    assert said["bob"] == [Coding(FIRST, {"PHATIC": Mark("no")})]


def test_a_coder_who_is_not_in_the_column_is_refused_with_those_who_are(held: Results, sheet: Sheet) -> None:
    file = sheet(f"id,coder,phatic\n{FIRST},ann,1\n{SECOND},bob,0\n")

    with pytest.raises(InvalidFile, match="--coder must be one of them: ann, bob"):
        import_codes(file, held, "cy")


def test_one_name_in_the_column_may_be_called_otherwise(held: Results, sheet: Sheet) -> None:
    assert import_codes(sheet(f"id,coder,phatic\n{FIRST},a.k.,1\n"), held, "human").messages == 1
