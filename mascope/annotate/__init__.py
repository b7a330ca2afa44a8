"""The annotator's screen. It needs the extra `annotate` (textual), so only its command imports it."""
