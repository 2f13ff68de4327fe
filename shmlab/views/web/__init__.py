"""A lesson as a page that needs no kernel, server or network: its printed output, and its labs as recorded runs.

Where a cell shows a live lab, the page has a player for a real run of a lab with the same arguments, recorded when the
page was made. Anything else that needs a kernel (steppers, exercises) is named in its place.
"""

from shmlab.views.web.notebook_page import Page, page

__all__ = ["Page", "page"]
