"""A lab in a terminal, for those who sit on a server: the same snapshots as the notebook draws, in letters.

    with ending.orderly(), Lab() as lab, view.on_terminal() as show:
        while True:
            show(lab.snapshot(), lab.events)

Like a widget, what is here draws a `Snapshot`, passes on what was typed, and holds no logic. It alone imports rich.
"""
