"""A lesson as a page that needs no kernel, no server and no network: what it printed, and its labs as recorded runs.

Where a cell shows a live lab, the page has a player of a real run, which was recorded when the page was made, of a lab
with the same arguments. What else needs a kernel (steppers, exercises) is named where it would be.
"""

from shmlab.views.web.notebook_page import Page, page

__all__ = ["Page", "page"]
