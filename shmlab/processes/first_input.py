"""What the owner sends to a process that it started: the first bytes on its standard input."""

import os


def read(size: int) -> bytes:
    """Exactly `size` bytes. Raises EOFError if the owner ended before it had sent them."""
    data = b""
    while len(data) < size:
        part = os.read(0, size - len(data))
        if not part:
            raise EOFError("the owner ended while it sent the program")
        data += part
    return data
