"""Observe a segment without disturbing it: take copies, interpret them, and report what has changed.

An observer reads with `pread`; it never maps the segment, never waits and never writes. In reading order:

- `snapshot` is what was seen at one moment, frozen; `observer` takes it, and `row_cache` avoids decoding unchanged rows
  again;
- `guests` are programs that have joined a lab by its name; `metrics` measures what a row does not contain (rates,
  processor time, which workers are stalled or dead);
- `events` is the log of what happened, and `event_texts` writes it by comparing snapshots;
- `attached_lab` observes a lab that another program owns;
- `recording/` saves a run in a file and reads it back.
"""
