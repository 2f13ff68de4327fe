"""Search the reachable states of a system for faults.

`search` visits every state, breadth first; `reduced` needs far fewer states for the same answer, with the help of
`protection` (which lock protects which cell). `liveness` finds livelock and starvation, `simplest` the schedule that
is easiest to explain, `earliest` the step that makes a fault inevitable. `counting` counts interleavings;
`progress_line` shows the progress of a long search.
"""
