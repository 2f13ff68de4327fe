"""Real processes that take the same steps as the model.

`gated` is the program of such a process, which waits before each step until it is told to go on; `real_processes`
starts and steps them, `cell_places` says where the model's cells stand in the real segment. `lockstep` takes each
step in both and compares the whole memory; `replay` plays a schedule so.
"""
