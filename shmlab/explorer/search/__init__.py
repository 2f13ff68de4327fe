"""All states that a system can reach, and what is wrong with them.

`search` visits every state, breadth first; `reduced` needs far fewer of them for the same answer, with the help of
`protection` (which lock protects which cell). `liveness` finds what can go on for ever, `simplest` the schedule that
is easiest to explain, `earliest` the step that settles a fault. `counting` counts interleavings; `progress_line` says
how far a long search has come.
"""
