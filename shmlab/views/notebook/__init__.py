"""Everything that imports ipywidgets or bqplot: it draws snapshots and sends requests, and holds no logic.

A view is a `shown` (the last line of a cell displays it), made of `plain_widgets`, coloured by `palette`, and removed
by `close`. `frames` draws in a thread of its own; `background` does what takes too long for a click.

- The live lab: `live`, with its `controls`; `board` arranges `slots_view` (a `slots_ring`, `slots_row` or
  `slots_heat`, by `geometry`, `glow` and `marks`), `cards` with `rate_scale`, `semaphores_view`, `charts`,
  `event_list` and `hex_view`. `svg_picture` draws the same as a static picture, `download` saves a file,
  `replay_view` plays a recording.
- The stepper: `stepper`, with `stepper_cards`, `listing` and `outcome`.
- Measurements: `measuring_view`, the base of `comparison_view` (with `curves`) and `queueing_view`.
- Exhibits: `exhibit`, the base of `address_spaces` (with `address_space_drawing`) and `segment_board`; `tables`.
- `pipeline_view`, `lecture_view`, `quiz_view`; `display_hooks` tells IPython how to display a quiz.

`buffer_shown` defines what can be drawn as a buffer.
"""
