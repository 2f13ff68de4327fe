"""Processes: start them, watch them, end them, and detect when they or their owner have died.

Nothing here knows about producers and consumers. In reading order:

- `supervisor` starts programs, watches them and reaps them, from one thread; `handle` is a handle that never comes to
  refer to another process, and `first_input` reads what the owner sends to a new process on its standard input;
- `owner_watch` is what a worker does when its owner dies; `descendants` finds and ends what a worker has started;
- `at_exit` registers cleanup for when this program exits; `scratch_folder` makes folders that are removed with their
  owner;
- `address_space` reads the memory mappings of a process from /proc; `host` describes the machine of a measurement.
"""
