"""Look at a segment without disturbing it: copies, what they mean, and what has changed.

An observer reads with `pread`; it never maps the segment, never waits and never writes. In reading order:

- `snapshot` is what was seen at one moment, frozen; `observer` takes it, and `row_cache` keeps what need not be decoded
  again;
- `guests` are programs that have joined a lab by its name; `metrics` are what a row alone cannot tell (rates, processor
  time, who is stalled or dead);
- `events` is the log of what happened, and `event_texts` writes it by comparing snapshots;
- `attached_lab` observes a lab that another program owns;
- `recording/` keeps a run in a file and reads it back.
"""
