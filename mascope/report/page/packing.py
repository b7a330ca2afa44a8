"""How data gets into a page so that nothing in it can act: as JSON without a sign of HTML's, or packed.

What is packed is gzipped JSON in base64: a quarter of the size, and no sign of it means anything to anybody.
Half of a character, which models do produce, is an escape in JSON and comes through whole.
"""

import base64
import gzip
import hashlib
import json
from typing import Any

from mascope.store import shown

_SIGNS = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&'"}


def inline(value: Any) -> str:
    """JSON for a `<script type="application/json">`: no `</script>`, no `<!--`, ASCII throughout."""
    return json.dumps(value, allow_nan=False, separators=(",", ":")).translate(_SIGNS)


def packed(value: Any) -> str:
    """Gzipped JSON in base64. The same value always gives the same text."""
    return base64.b64encode(shown.packed(value)).decode()


def unpacked(text: str) -> Any:
    return json.loads(gzip.decompress(base64.b64decode(text)))


def source_hash(script: str) -> str:
    """What a content-security policy calls this very script or style."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
