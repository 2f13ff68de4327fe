"""The site: these pages and the notebooks as they stand in the repository, with what the notebooks printed last.

`make docs` builds it. The source is the whole repository, so that every link between its files is a link of the site,
too. Nothing is run and nothing is fetched, neither here nor by who reads it.
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT)]

import shmlab  # noqa: E402

project, author, copyright = "shmlab", "The shmlab developers", "the shmlab developers"
version = release = shmlab.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "docstrings", "elsewhere"]
root_doc = "docs/index"
include_patterns = ["docs/**.md", "notebooks/**.ipynb", "CONTRIBUTING.md", "CHANGELOG.md"]
exclude_patterns = ["**/.ipynb_checkpoints", ".*", "build", "shmlab", "tests", "benchmarks", "binder", "etc"]

nb_execution_mode = "off"
nb_ipywidgets_js = {}  # it would come from another server, and no widget is saved
nb_number_source_lines = False
myst_heading_anchors = 3
myst_enable_extensions = ["attrs_inline"]

default_role = "code"
smartquotes = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_use_legacy_class_based = False
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
add_module_names = False

html_theme = "furo"
html_title = "shmlab"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_additional_pages = {"index": "forward.html"}
templates_path = ["templates"]
html_copy_source = html_show_sourcelink = False
html_show_sphinx = False
