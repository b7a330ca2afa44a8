"""The site: `make docs` builds it from these pages, offline, into docs/_build/html."""

from mascope import __version__

project = "mascope"
author = "The mascope authors"
release = version = __version__
extensions = ["myst_parser"]
exclude_patterns = ["_build"]
myst_heading_anchors = 3  # as GitHub has them, so that the same links work in both places
nitpicky = True

html_theme = "furo"
html_title = "mascope"
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
html_static_path: list[str] = []
