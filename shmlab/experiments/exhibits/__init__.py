"""What an operating system does for shared memory, shown on two real processes that carry out orders.

`child` is such a process as seen by its owner, `command_loop` its program, and `pair` two of them with separate address
spaces. `textbook` is shared memory as in the textbook, and `lifecycle` the life cycle of a segment; `access` shows
who may attach, `calls` how many system calls are made, `first_touch` when memory is allocated, `deaths` what
a killed producer leaves. `in_c` is a program in C that joins a lab; `wait` waits for a condition.
"""
