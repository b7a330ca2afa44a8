"""Which models are kin: judges are known to favour what their own family wrote."""

import re
from collections.abc import Iterable, Mapping

FAMILIES: Mapping[str, str] = {
    "OpenAI": r"gpt|chatgpt|openai|o[134](?:-mini|-pro|-preview)?",
    "Llama": r"llama|codellama|meta-llama|vicuna",
    "Qwen": r"qwen|qwq|tongyi",
    "Gemini/Gemma": r"gemini|gemma|palm|bard|medgemma",
    "Claude": r"claude|anthropic|sonnet|opus|haiku",
    "Kimi": r"kimi|moonshot|moonshotai",
    "DeepSeek": r"deepseek",
    "Mistral": r"mistral|mixtral|ministral|magistral|codestral|devstral|pixtral",
    "Grok": r"grok|xai",
    "Command": r"command|cohere|aya",
    "Phi": r"phi",
    "GLM": r"glm|chatglm|zhipu",
    "MiniMax": r"minimax",
    "Nova": r"nova|titan",
    "SmolLM": r"smollm",
    "Granite": r"granite",
    "Falcon": r"falcon",
    "OLMo": r"olmo|tulu",
    "Yi": r"yi",
    "Jamba": r"jamba",
}
"""Family → what names of its models hold, as a word or as the beginning of one that a digit follows."""

_PATTERNS = {
    family: re.compile(rf"(?<![a-z])(?:{names})(?![a-z])", re.IGNORECASE)
    for family, names in FAMILIES.items()
}


def families(served_by: str, label: str = "") -> frozenset[str]:
    """The families a model belongs to: two for a model distilled from one into another; none where unknown.

    The route is not looked at: many families are served by groq, openrouter or an OpenAI-compatible server.
    """
    name = f"{served_by.partition('/')[2]} {label}"
    return frozenset(family for family, pattern in _PATTERNS.items() if pattern.search(name))


def kin(judge: str, participants: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Labels of the participants (served_by, label) that are the model `judge`, or of a family with it."""
    own = families(judge)
    found = {
        label or served for served, label in participants if served == judge or own & families(served, label)
    }
    return tuple(sorted(found))
