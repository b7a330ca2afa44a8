"""What may be kept of a provider's words: no key, no control characters, and not without end."""

import json
import re
from collections.abc import Iterable
from urllib.parse import quote

REDACTED = "[redacted]"
LONGEST = 500
"""Characters kept of a detail."""

LONGEST_READ = 50_000
"""Characters looked at: a login page of megabytes tells nothing more."""

SHORTEST_SECRET = 4
"""A shorter value is a placeholder, and would be cut out of ordinary words."""

KEY_SHAPES = (
    r"(?i:\b(?:bearer\s+|basic\s+(?=[\w+/=]{16})))[^\s\"',;}]{8,}",
    r"\b(?:sk|pk|rk|gsk|xai|csk|fw|nvapi|pplx)[-_][\w.*…-]{6,}",
    r"\b(?:hf|r8|tgp)_\w{12,}",
    r"\b(?:org|proj|user|acct)[-_](?=\w*\d)\w{8,}",
    r"\bAIza[\w-]{10,}",
    r"\bAKIA[0-9A-Z]{12,}",
    r"\beyJ[\w-]{10,}(?:\.[\w-]+)*",
    r"(?i:(?<=[?&]key=)|(?<=[?&]token=)|(?<=[?&]api_key=))[^\s\"'&]+",
    r"(?<=://)[^\s/:@]+:[^\s/@]+(?=@)",
)
"""What keys, tokens and account ids of known services look like, for those that are not ours to know."""

_NAMED_KEY = re.compile(r"(?i)(api[-_ ]?key(?: provided)?[\"']?\s*[:=]\s*[\"']?)[^\s\"',;&}]{6,}")
_SHAPED_KEY = re.compile("|".join(KEY_SHAPES))
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+|\s+")


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """One printable line of at most `LONGEST` characters, without `secrets` or anything shaped like a key."""
    longest_first = sorted(secrets, key=len, reverse=True)
    text = _without_keys(text[:LONGEST_READ], longest_first)
    # Twice, since a key that was broken over two lines is whole again when they are joined.
    text = _without_keys(_CONTROL.sub(" ", text).strip(), longest_first)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _without_keys(text: str, secrets: list[str]) -> str:
    for secret in secrets:
        text = _without(text, secret)
    return _SHAPED_KEY.sub(REDACTED, _NAMED_KEY.sub(rf"\1{REDACTED}", text))


def _without(text: str, secret: str) -> str:
    if len(secret) < SHORTEST_SECRET:
        return text
    for spelling in {secret, quote(secret, safe=""), json.dumps(secret)[1:-1]}:
        text = text.replace(spelling, REDACTED)
    if len(secret) >= 12:  # a key that was cut short (or masked) on its way still shows how it begins
        text = re.sub(re.escape(secret[:8]) + r"[^\s\"',;&}]*", REDACTED, text)
    return text
