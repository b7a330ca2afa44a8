"""The page as one text: the template filled, its scripts and style named by hash in its security policy."""

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jinja2
import vl_convert

from mascope.errors import InvalidInput
from mascope.report.page.packing import source_hash
from mascope.store.lines import write_whole

_HERE = resources.files("mascope.report.page")


@dataclass(slots=True)
class Parts:
    """What goes into a page."""

    words: dict[str, Any] = field(default_factory=dict)
    """For the template: what stands in the page without any script."""
    about: str = "{}"
    """JSON that the scripts begin with, as it stands in a page."""
    packs: list[tuple[str, str]] = field(default_factory=list)
    """(id, packed data)."""
    files_beside: bool = False
    """Whether transcripts lie in files beside the page."""


def page(parts: Parts) -> str:
    """The page's HTML."""
    style, scripts = _text("page.css"), (vega(), script())
    filled = {**parts.words, "about": parts.about, "packs": parts.packs, "style": style, "scripts": scripts}
    policy = security_policy(scripts, style, files_beside=parts.files_beside)
    return _template().render(policy=policy, **filled)


def security_policy(scripts: Iterable[str], style: str, *, files_beside: bool) -> str:
    """Nothing may run, load or be sent but what the page was written with.

    Scripts by hash. Transcripts beside the page are scripts too, whose texts a page cannot know by hash: a
    hash for a file needs `integrity`, and browsers check that only over HTTP with CORS. So just such a page
    allows `'self'`, which for a page from disk Chromium takes to be other files; `file:` says the same to
    browsers that do not. Neither reaches the network. What such a file holds is base64 in quotation marks.
    """
    files = " 'self' file:" if files_beside else ""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {' '.join(map(source_hash, scripts))}{files}",
            f"style-src {source_hash(style)}",
            "img-src data: blob:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def script() -> str:
    """The page's own modules, in the order of their names, as one script that leaves no names behind."""
    files = sorted(
        (file for file in (_HERE / "js").iterdir() if file.name.endswith(".js")), key=lambda f: f.name
    )
    modules = "\n".join(file.read_text(encoding="utf-8") for file in files)
    return f'(() => {{\n"use strict";\n{modules}}})();\n'


@cache
def vega() -> str:
    """Vega, Vega-Lite and vega-embed in one script, as vl-convert ships them.

    It takes two seconds to put together, so it is kept in the user's cache, where there may be one.
    """
    kept = _cache() / f"vega-{version('vl-convert-python')}.js"
    with suppress(OSError, UnicodeDecodeError):
        return kept.read_text(encoding="utf-8")
    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    script = f"(() => {{{bundle}}})();"
    with suppress(InvalidInput):
        write_whole(kept, script.encode())
    return script


def _cache() -> Path:
    """By the XDG Base Directory Specification."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mascope"


@cache
def _template() -> jinja2.Template:
    loader = jinja2.FunctionLoader(_text)
    environment = jinja2.Environment(
        autoescape=True, loader=loader, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("page.html.j2")


def _text(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")
