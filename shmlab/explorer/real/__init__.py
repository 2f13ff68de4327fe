"""Run real processes in the same steps as the model.

`gated` is the program of such a process, which waits at a gate before each step until it is told to proceed;
`real_processes` starts and steps them, `cell_places` maps the model's cells to offsets in the real segment.
`lockstep` takes each step in both and compares the whole memory; `replay` plays a schedule this way.
"""
