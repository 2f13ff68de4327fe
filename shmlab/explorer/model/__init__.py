"""Processes and their shared memory as one system that takes one step at a time.

`build` makes it from the student's functions; `system` takes a step in sequentially consistent memory, `tso` with x86
store buffers, `weak` in ARM's memory model, and `choosing` lets a process make a nondeterministic choice
(`shmlab.choose`). `blocked` and `foreseen` detect inevitable faults early. `model` executes it step by step, for a user
or a schedule; `schedules` parses and formats schedules.
"""
