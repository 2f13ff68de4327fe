"""Report the explorer's results: verdicts, schedules as tables, and a stepper.

`question` is what is asked about a program, and `verdict` the answer, with what it is based on (`basis`), why it fails
(`why`) and its schedule as a table (`sheet`, `folding`, `sheet_html`, `schedule_table`). `sizes` asks for all sizes
up to a limit, `testing` turns a verdict into a test. `stepping` lets a person act as the scheduler, with a `goal` to
reach; `step_snapshot` is what its view draws.
"""
