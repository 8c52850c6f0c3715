"""How the site is built: ``python -m sphinx -W --keep-going docs build/site``. It needs no network."""

import sys
from pathlib import Path

from sphinx.domains.python import PyObject

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "_ext"), str(HERE.parent)]  # the directives; convert, which is not installed

import edgecry  # noqa: E402

project = "edgecry"
project_copyright = "the authors of edgecry; Apache-2.0"
version = release = edgecry.__version__

extensions = [
    "commands",
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
source_suffix = {".md": "markdown"}
myst_heading_anchors = 3

# The numpy docstrings state types, shapes, units and ranges; signatures would repeat the half of it.
autodoc_typehints = "none"
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False

html_theme = "furo"
html_title = f"edgecry {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False

# Sphinx heads what a class holds "Variables"; numpy docstrings call it "Attributes".
for field in PyObject.doc_field_types:
    if field.name == "variable":
        field.label = "Attributes"


def keep_colons(app, what, name, obj, options, lines):
    """Have napoleon show a property's docstring whole: it takes what goes before a colon for a type."""
    if what == "property":
        lines.insert(0, "")


def public_name(app, env, node, contnode):
    """Lead a docstring that names where something is defined to its public name, as the page has it."""
    module, _, name = node.get("reftarget", "").rpartition(".")
    if node.get("refdomain") != "py" or edgecry._HOME.get(name) != module:
        return None
    domain, document = env.domains["py"], node["refdoc"]
    return domain.resolve_xref(env, document, app.builder, node["reftype"], f"edgecry.{name}", node, contnode)


def setup(app):
    """Connect what is above; the first has to come before napoleon, which listens at 500."""
    app.connect("autodoc-process-docstring", keep_colons, priority=400)
    app.connect("missing-reference", public_name)
