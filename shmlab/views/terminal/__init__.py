"""A lab in a terminal, for those who work on a server: the same snapshots as in the notebook, drawn as text.

Like a widget, this package draws a `Snapshot`, passes on keystrokes, and holds no logic. Only this package imports
rich.

`session` runs a lab from its start to its report; `terminal_page` is everything displayed, made of `slot_row`,
`process_table` and `values`; `screen` is where it is shown; `keys` and `steering` handle keystrokes, and
`orderly_exit` restores the terminal, however the program ends.
"""
