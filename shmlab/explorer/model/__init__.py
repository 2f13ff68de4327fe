"""Processes and their shared memory as one system that takes one step at a time.

`build` makes it from what a student gives; `system` takes a step in sequentially consistent memory, `tso` with store
buffers as x86 has them, `weak` as ARM does, and `choosing` lets a process decide (`shmlab.choose`). `blocked` and
`foreseen` tell early what can no longer be avoided. `model` is the same for a person or a schedule, step by step;
`schedules` reads and writes schedules as text.
"""
