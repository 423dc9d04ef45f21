"""The site: `sphinx-build -W --keep-going -b html docs OUT`, with what requirements.txt names."""

import os
import re
import subprocess
from pathlib import Path

project = "datafusion-extension-template"
versions = (Path(__file__).parent.parent / "versions.toml").read_text(encoding="utf-8")
version = release = re.findall(r'^version = "(.*)"', versions, re.MULTILINE)[0]
html_title = f"{project} {release}"
root_doc = "index"

# The pages are Markdown that GitHub shows too, so they keep to what both understand. The one
# exception is `{toctree}`, which is the navigation of the site.
extensions = ["myst_parser", "sphinx_copybutton"]

# Anchors are made as GitHub makes them, so that `page.md#heading` leads to the same place.
myst_heading_anchors = 4

# Quotes and dashes stay as they are written: prose is full of code.
smartquotes = False

# Commands are copied without their prompts and without what they print.
copybutton_prompt_text = "$ "
copybutton_line_continuation_character = "\\"

# For search engines, and for those who share a link.
html_baseurl = os.environ.get("READTHEDOCS_CANONICAL_URL", "")
DESCRIPTION = (
    "A cargo-generate template for Python packages in Rust that extend Apache DataFusion: "
    "TableProvider, user-defined functions (UDF) and other plugins of datafusion-python, with PyO3, "
    "PyCapsule and maturin."
)
myst_html_meta = {
    "description": DESCRIPTION,
    "property=og:title": project,
    "property=og:description": DESCRIPTION,
    "property=og:image": f"{html_baseurl}_static/first-minute.svg",
}

# furo brings its own styles and script, and uses the fonts of the system: nothing is loaded from
# elsewhere when a page is read.
html_theme = "furo"
# Green and red for what a change adds and takes away.
pygments_style = "default"
pygments_dark_style = "monokai"
html_static_path = ["site.css", "first-minute.svg"]
html_css_files = ["site.css"]
html_favicon = "favicon.svg"
# A page is found before the chapters of the tutorial that mention it.
html_search_scorer = str(Path(__file__).parent / "scorer.js")
html_show_copyright = False
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False

# What a build or an editor leaves here is not a page, and neither is a README of a package.
exclude_patterns = ["_build", ".venv", "requirements.txt", "gallery/*/**", "**/.*"]


def repository() -> str:
    """The address that the template was cloned from, or nothing if others cannot reach it."""
    git = ["git", "-C", str(Path(__file__).parent), "remote", "get-url", "origin"]
    address = subprocess.run(git, check=False, capture_output=True, text=True).stdout.strip()
    return address.removesuffix(".git") if re.fullmatch(r"https://[^@\s]+", address) else ""


REPOSITORY = repository()
if REPOSITORY:
    html_theme_options = {
        "source_repository": REPOSITORY,
        "source_branch": "main",
        "source_directory": "docs/",
    }


def setup(app):
    def with_address(app, page, source):
        """Put the address into commands, so that they can be pasted."""
        if REPOSITORY:
            source[0] = source[0].replace("--git ADDRESS", f"--git {REPOSITORY}")

    app.connect("source-read", with_address)
