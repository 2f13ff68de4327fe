"""What the owner sends to a process that it has started: the first bytes on its standard input."""

import os


def read(size: int) -> bytes:
    """Read exactly `size` bytes. Raises EOFError if the owner ended before sending them all."""
    data = b""
    while len(data) < size:
        part = os.read(0, size - len(data))
        if not part:
            raise EOFError("the owner ended while it sent the program")
        data += part
    return data
