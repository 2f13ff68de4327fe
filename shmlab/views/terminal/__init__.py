"""A lab in a terminal, for those who sit on a server: the same snapshots as the notebook draws, in letters.

Like a widget, what is here draws a `Snapshot`, passes on what was typed, and holds no logic. It alone imports rich.

`session` is a lab from its start to its report; `terminal_page` is all that is seen of it, made of `slot_row`,
`process_table` and `values`; `screen` is where it is shown; `keys` and `steering` are what is typed, and
`orderly_exit` gives the terminal back, however the program ends.
"""
