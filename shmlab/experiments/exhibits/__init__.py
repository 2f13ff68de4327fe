"""What an operating system does for shared memory, shown on two real processes that do as they are told.

`child` is such a process as its owner sees it, `command_loop` its program, and `pair` two of them with an address
space each. `textbook` is shared memory as the textbook has it, and `lifecycle` the life of a segment; `access` says
who may attach, `calls` how often the operating system is asked, `first_touch` when memory really comes, `deaths` what
a killed producer leaves. `in_c` is a program in C that joins a lab; `wait` waits for what has to come.
"""
