"""The site: `sphinx-build -W --keep-going -b html docs OUT`, with what requirements.txt names."""

project = "datafusion-extension-template"
html_title = project
root_doc = "index"

# The pages are Markdown that GitHub shows too, so they keep to what both understand. The one
# exception is `{toctree}`, which is the navigation of the site.
extensions = ["myst_parser"]

# Anchors are made as GitHub makes them, so that `page.md#heading` leads to the same place.
myst_heading_anchors = 4

# Quotes and dashes stay as they are written: prose is full of code.
smartquotes = False

# furo brings its own styles and script, and uses the fonts of the system: nothing is loaded from
# elsewhere when a page is read.
html_theme = "furo"
# Green and red for what a change adds and takes away.
pygments_style = "default"
pygments_dark_style = "monokai"
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_show_copyright = False
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False

# What a build or an editor leaves here is not a page, and neither is a README of a package.
exclude_patterns = ["_build", ".venv", "requirements.txt", "gallery/*/**", "**/.*"]
