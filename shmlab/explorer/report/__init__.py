"""What the explorer tells: verdicts, schedules as tables, and a stepper.

`question` is what is asked about a program, and `verdict` the answer, with what it rests on (`basis`), why it fails
(`why`) and its schedule as a table (`sheet`, `folding`, `sheet_html`, `schedule_table`). `sizes` asks for all sizes
up to some, `testing` makes a test of a verdict. `stepping` lets a person be the scheduler, with a `goal` to reach;
`step_snapshot` is what its view draws.
"""
