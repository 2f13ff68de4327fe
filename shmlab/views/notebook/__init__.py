"""Everything that imports ipywidgets or bqplot: it draws snapshots and sends requests, and holds no logic.

A view is a `shown` (what a cell shows as its last line), made of `plain_widgets`, coloured by `palette`, and taken
away by `close`. `frames` draws in a thread of its own; `background` does what takes too long for a click.

- The live lab: `live`, with its `controls`; `board` arranges `slots_view` (a `slots_ring`, `slots_row` or
  `slots_heat`, by `geometry`, `glow` and `marks`), `cards` with `rate_scale`, `semaphores_view`, `charts`,
  `event_list` and `hex_view`. `svg_picture` is the same as a picture, `download` hands over a file, `replay_view`
  plays a recording.
- The stepper: `stepper`, with `stepper_cards`, `listing` and `outcome`.
- Measurements: `measuring_view`, which `comparison_view` (with `curves`) and `queueing_view` fill.
- Exhibits: `exhibit`, which `address_spaces` (with `address_space_drawing`) and `segment_board` fill; `tables`.
- `pipeline_view`, `lecture_view`, `quiz_view`; `display_hooks` tells IPython what a quiz looks like.

`buffer_shown` says what can be drawn as a buffer.
"""
