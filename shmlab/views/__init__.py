"""The views of a lab: in a notebook, in a terminal, on a web page, and full-screen for a lecture.

- `notebook/` draws with ipywidgets and bqplot and passes on clicks;
- `terminal/` draws with rich and passes on keystrokes;
- `web/` makes pages of lessons that need no kernel;
- `present/` shows the lecture full-screen, with Voilà.

All of them share `format`, which writes numbers for human readers, and `signs`, the symbols for states;
`server_extension` makes a Jupyter server send small messages at once.
"""
