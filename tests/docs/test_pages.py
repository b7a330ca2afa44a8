"""What the pages show is what happens: commands are given again, code is executed, studies are read."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from mascope.errors import InvalidFile
from mascope.panelfile import load_panel
from mascope.study import load_study
from tests.docs.pages import PAGES, ROOT, Block, agree, blocks, cut_as, outputs, prepared, refreshed

DONE = [page for page in PAGES if page.stem not in ("treatments", "reference-study", "reference-panel")]
"""The first is tested with the schema, the others are made from it."""
MARKS = ("file:", "invalid", "exit:", "illustration", "needs: local", "needs: warroom")
MODELS = {key: {"model": f"groq/{key}"} for key in ("llama", "kimi", "qwen")}
CONDITION = {"brief": "Choose.", "participants": ["llama", "kimi", "qwen"], "rounds": 6}
STUDY_KEYS = {"models", "base", "series", "factors", "hypotheses"}
CODE = re.compile(r"^```.*?^```$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
FLAGS = {"LEAD": {"definition": "Gives a named agent a task."}}
CODERS = {"rules": None}


def marked(page: Path) -> list[Block]:
    return list(blocks(page.read_text(encoding="utf-8")))


YAML = [
    pytest.param(block, id=f"{page.stem}-{number}")
    for page in DONE
    for number, block in enumerate(marked(page))
    if block.kind == "yaml" and block.is_done
]


@pytest.mark.parametrize("page", DONE, ids=lambda page: page.stem)
def test_every_command_and_code_of_a_page_prints_what_the_page_shows(page: Path, tmp_path: Path) -> None:
    wrong = [
        f"$ {found.what}\n{found.printed}"
        for found in outputs(page.read_text(encoding="utf-8"), prepared(tmp_path))
        if not agree(found.shown, found.printed)
    ]

    assert wrong == [], "`make docs` writes the outputs anew"


@pytest.mark.parametrize("block", YAML)
def test_every_yaml_block_can_be_read(block: Block, tmp_path: Path) -> None:
    folder = prepared(tmp_path)
    name = block.file or ("judges/example.yaml" if block.rest == "panel" else "experiments/example.yaml")
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(block.text if block.file else yaml.safe_dump(whole(block)), encoding="utf-8")
    if not (file.parent / "panel.yaml").exists():  # pages begin by `mascope init`, which writes one
        (file.parent / "panel.yaml").write_bytes((folder / "tea" / "panel.yaml").read_bytes())

    if "invalid" in block.marks:
        with pytest.raises(InvalidFile):
            load_study(file)
    elif block.rest == "panel" or "judges" in file.parts:
        assert load_panel(file).coders
    else:
        assert load_study(file).series


def whole(block: Block) -> dict[str, Any]:
    """The file of which a block shows a part: a series, unless its keys or its first line say otherwise."""
    part: dict[str, Any] = yaml.safe_load(block.text)
    if block.rest == "panel":
        flags: dict[str, Any] = {} if "codebook" in part else {"flags": FLAGS}
        return {"panel": "example", "coders": CODERS, **flags, **part}
    if block.rest == "study" or part.keys() & STUDY_KEYS:
        models = part.get("models", MODELS)
        plain = {"base": CONDITION | {"participants": [*models]}, "models": models}
        named = part.keys() & {"series", "factors"}
        series: dict[str, Any] = {} if named else {"A": {}, "B": {}}
        return {"study": "example", **plain, "series": series, **part}
    return {"study": "example", "models": MODELS, "base": CONDITION, "series": {"X": part, "plain": {}}}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_mark_of_a_page_is_one_that_is_known(page: Path) -> None:
    marks = [mark for block in marked(page) for mark in block.marks]

    assert [mark for mark in marks if not mark.startswith(MARKS)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    text = CODE.sub("", page.read_text(encoding="utf-8"))
    links = [
        link for link in re.findall(r"\]\(([^)\s]+)\)", text) if not link.startswith(("http", "mailto:"))
    ]

    assert [link for link in links if not leads(page, link)] == []


def leads(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists() or not target.is_relative_to(ROOT):
        return False
    return not anchor or anchor in anchors(target.read_text(encoding="utf-8"))


def anchors(text: str) -> set[str]:
    """As GitHub and MyST make them of headings."""
    without = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    heads = re.findall(r"^#+ +(.+?) *$", without, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


SHOWN = """# A page

```console
$ mascope --version
0.0.0
```

```python
x = 2
```

```python
print(x + 1)
```

```text
4
```
"""


def test_a_wrong_output_is_found_and_mended(tmp_path: Path) -> None:
    found = [agree(one.shown, one.printed) for one in outputs(SHOWN, tmp_path)]
    mended = refreshed(SHOWN, tmp_path)

    assert found == [False, False]
    assert "\n0.0.0\n" not in mended
    assert "```text\n3\n```" in mended
    assert refreshed(mended, tmp_path) == mended


def test_what_is_not_done_is_only_what_is_marked(tmp_path: Path) -> None:
    failing = "```python\nraise SystemExit('no')\n```\n"

    with pytest.raises(AssertionError, match="no"):
        list(outputs(failing, tmp_path))
    assert list(outputs(f"<!-- illustration -->\n\n{failing}", tmp_path)) == []


def test_a_cut_stands_for_any_lines_and_for_whole_ones_only() -> None:
    assert agree("a\n…\nd", "a\nb\nc\nd")
    assert agree("…\nc\n…", "a\nb\nc\nd")
    assert agree("a\n…", "a")
    assert not agree("a\n…\nd", "a\nb\nc")
    assert not agree("a\n…\nx\n…\nd", "a\nb\nc\nd")
    assert not agree("a\n…", "ab\nc")


def test_an_output_is_cut_anew_where_the_page_cuts_it() -> None:
    assert cut_as("1\n…\n9", "a\nb\nc\nd") == "a\n…\nd"
    assert cut_as("…\n9", "a\nb\nc") == "…\nc"
    assert cut_as("1", "a\nb") == "a\nb"


def test_an_error_is_shown_where_the_page_says_how_the_command_ends(tmp_path: Path) -> None:
    page = "<!-- exit: 2 -->\n```console\n$ mascope plan none.yaml\nerror: none.yaml: no such file\n```\n"

    assert [agree(one.shown, one.printed) for one in outputs(page, tmp_path)] == [True]
    with pytest.raises(AssertionError, match="ended with 2"):
        list(outputs(page.replace("exit: 2", "exit: 0"), tmp_path))


REHEARSED = {
    "experiments/quickstart.yaml": {
        "local/smollm2": "rehearsal/plain",
        "local/gemma3-270m": "rehearsal/leader",
    },
    "judges/quickstart.yaml": {"local/smollm2": "rehearsal/judge"},
}
PRINTS = {
    "plan": "quickstart: 4 runs\n",
    "run": "4 runs: 4 done. Results: results/quickstart",
    "judge": "Agreement of coders\nIn all of these rows: coder_a = rules, coder_b = smollm2\n",
    "report": "2 series, 4 runs, ",
}


def test_the_tutorials_commands_print_on_a_rehearsed_twin_what_the_page_shows_of_real_models(
    tmp_path: Path,
) -> None:
    page = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8").replace("<!-- needs: local -->", "")
    folder = prepared(tmp_path)
    for name, models in REHEARSED.items():
        text = (folder / name).read_text(encoding="utf-8")
        for real, rehearsed in models.items():
            text = text.replace(f"model: {real}", f"model: {rehearsed}")
        (folder / name).write_text(text, encoding="utf-8")

    found = {one.what.split()[1]: one for one in outputs(page, folder)}
    assert list(found) == list(PRINTS)
    for command, line in PRINTS.items():
        assert line in found[command].shown
        assert line in found[command].printed
