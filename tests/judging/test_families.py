import pytest

from mascope.judging.families import families, kin


@pytest.mark.parametrize(
    ("served_by", "family"),
    [
        ("groq/llama-3.3-70b-versatile", {"Llama"}),
        ("groq/meta-llama/llama-4-scout-17b-16e-instruct", {"Llama"}),
        ("groq/moonshotai/kimi-k2-instruct-0905", {"Kimi"}),
        ("groq/openai/gpt-oss-120b", {"OpenAI"}),
        ("openai/o3-mini", {"OpenAI"}),
        ("openai/my-own-model", set()),
        ("groq/qwen/qwen3-32b", {"Qwen"}),
        ("gemini/gemini-2.5-flash", {"Gemini/Gemma"}),
        ("local/gemma3-270m", {"Gemini/Gemma"}),
        ("anthropic/claude-sonnet-4-5", {"Claude"}),
        ("openrouter/deepseek/deepseek-r1-distill-llama-70b", {"DeepSeek", "Llama"}),
        ("mistral/mixtral-8x7b", {"Mistral"}),
        ("local/smollm2", {"SmolLM"}),
        ("xai/grok-4", {"Grok"}),
        ("openai/delphi-2", set()),
        ("rehearsal/judge", set()),
    ],
)
def test_a_family_is_read_from_the_model_not_from_the_route(served_by: str, family: set[str]) -> None:
    assert families(served_by) == family


def test_kin_are_the_participants_of_the_judges_family() -> None:
    participants = [("groq/openai/gpt-oss-20b", "GPT-OSS 20B"), ("groq/llama-3.3-70b", "LLaMA 3.3 70B")]

    assert kin("openai/gpt-5", participants) == ("GPT-OSS 20B",)
    assert kin("gemini/gemini-2.5-pro", participants) == ()
    assert kin("openai/my-own-model", [("openai/my-own-model", "Mine")]) == ("Mine",)
