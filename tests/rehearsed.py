"""A small study, held and judged by rehearsed models through the commands that a user gives."""

import subprocess
import sys
from pathlib import Path

STUDY = """\
study: tea
panel: {panel}
seed: 4
brief: Choose one tea for our office, and say who orders it.
models:
  ann: {{model: rehearsal/leader, label: Ann 70B}}
  bob: {{model: rehearsal/architect, label: Bob 7B}}
  cy: {{model: rehearsal/follower, label: Cy 3B}}
base:
  participants: [ann, bob, cy]
  runs: 4
  rounds: 4
  sampling: {{temperature: 0.8, max_tokens: 512}}
  faults:
    - {{agent: cy, round: 1, kind: crash, peers_see: notice}}
series:
  mixed: {{}}
  real: {{names: {{own: real, peers: real}}}}
  clones: {{participants: {{clones_of: ann, count: 3}}, faults: []}}
  alone: {{rounds: 1, schedule: {{interaction: isolation}}, faults: []}}
hypotheses:
  - {{id: composition, measure: similarity, compare: [mixed, clones], direction: less}}
  - {{id: isolation, measure: any_trait, compare: [alone, mixed], direction: less}}
"""
PANEL = Path(__file__).resolve().parents[1] / "judges" / "rehearsal.yaml"


def mascope(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "mascope", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def held(folder: Path) -> Path:
    """The results, judged and not yet reported."""
    file, results = folder / "tea.yaml", folder / "tea"
    file.write_text(STUDY.format(panel=PANEL))
    for arguments in (("run", file, "--out", results), ("judge", results)):
        done = mascope(*arguments)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
    return results
