"""How a rehearsed model answers a private question: by chance, among the answers that the question allows.

It reads the usual wordings of probes (`study/probes.py`); asked otherwise, it talks as in the discussion.
"""

import re

from mascope.chat.draws import Draws

SCALE = re.compile(r"one number from (-?[\d.]+) to (-?[\d.]+) and nothing else")
ONE_OF = re.compile(r"one (?:of these|name) and nothing else: (.+?)\. Your answer stays private")


def private_answer(question: str, draws: Draws) -> str | None:
    """The answer to `question`, where it is one that can be answered by chance."""
    if scale := SCALE.search(question):
        low, high = (int(float(end)) for end in scale.groups())
        return str(draws.choice("probe", range(low, high + 1)))
    if options := ONE_OF.search(question):
        return str(draws.choice("probe", options[1].split(", ")))
    return None
