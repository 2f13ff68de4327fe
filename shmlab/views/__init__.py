"""What people see of a lab: in a notebook, in a terminal, on a page, on the screen of a lecture hall.

- `notebook/` draws with ipywidgets and bqplot and passes on what is clicked;
- `terminal/` draws with rich and passes on what is typed;
- `web/` makes pages of lessons that need no kernel;
- `present/` shows the lecture on the whole screen, by Voilà.

`format` writes numbers as people read them, and `signs` says what stands for a state, for all of them;
`server_extension` makes a Jupyter server send small messages at once.
"""
