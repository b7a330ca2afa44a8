"""The site: built offline without a warning, and needing no network to be read."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
REMOTE = re.compile(r"""(?:src|srcset|data)=["']?(?:https?:)?//|url\(["']?(?:https?:)?//|@import""")
"""What a browser would fetch by itself from elsewhere."""
LINKED = re.compile(r"""<link[^>]*href=["'](?:https?:)?//[^"']*["'][^>]*>""")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `make docs` builds it: each warning (a link that leads nowhere, too) is an error."""
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", str(DOCS), str(out)]
    built = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    assert built.returncode == 0, built.stderr
    return out


def test_every_page_is_on_the_site(site: Path) -> None:
    pages = {page.stem for page in DOCS.glob("*.md")}

    assert pages
    assert {page for page in pages if not (site / f"{page}.html").is_file()} == set()


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    files = [file for kind in ("*.html", "*.css", "*.js") for file in site.rglob(kind)]
    remote = {
        file.name: found
        for file in files
        if (found := REMOTE.findall(file.read_text(encoding="utf-8", errors="replace")))
    }
    linked = [LINKED.findall(file.read_text(encoding="utf-8")) for file in site.rglob("*.html")]

    assert remote == {}
    assert [link for links in linked for link in links] == []


def test_every_link_within_the_site_leads_to_a_page_and_a_place_on_it(site: Path) -> None:
    pages = {page.resolve(): page.read_text(encoding="utf-8") for page in site.glob("*.html")}
    lost = []
    for page, text in pages.items():
        for href in re.findall(r'href="([^"]+)"', text):
            path, _, anchor = href.partition("#")
            if path.startswith(("http:", "https:", "mailto:")):
                continue
            target = (page.parent / path.partition("?")[0]).resolve() if path else page
            if not target.exists() or (anchor and f'id="{anchor}"' not in pages.get(target, "")):
                lost.append(f"{page.name}: {href}")

    assert lost == []
