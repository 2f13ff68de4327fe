"""Everything that imports ipywidgets or bqplot: it draws snapshots and sends requests, and holds no logic."""
