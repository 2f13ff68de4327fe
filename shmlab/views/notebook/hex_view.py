"""The raw bytes of the segment, in the colours of the drawing, to show that the drawing is memory.

On the left is the header with the meaning of each word, on the right are the slots. Every byte is shown as two
hexadecimal digits, with the escaped text beside them.
"""

from __future__ import annotations

import html

from shmlab.observe.snapshot import Snapshot
from shmlab.views.notebook import palette
from shmlab.views.notebook.plain_widgets import Parts

LINE = 16  # bytes of a slot on each line
WORD = 8  # bytes of a header word
SLOTS = 64  # maximum number of slots shown
BYTES = 64  # maximum number of bytes shown of each slot


def text(data: bytes) -> str:
    """Return the printable characters of some bytes, the others as dots; safe inside HTML."""
    return html.escape("".join(chr(byte) if 32 <= byte < 127 else "·" for byte in data))


def digits(data: bytes) -> str:
    """Return two digits for each byte, with a wider gap in the middle of a line."""
    return data[: LINE // 2].hex(" ") + ("  " + data[LINE // 2 :].hex(" ") if len(data) > LINE // 2 else "")


class HexView:
    """The header and the slots as bytes."""

    def __init__(self, parts: Parts) -> None:
        self.box = parts.text("shmlab-hex")
        self.shown: tuple[bytes, bytes] | None = None

    def update(self, snap: Snapshot) -> bool:
        """Show a snapshot's bytes, if they have changed."""
        if (snap.header, snap.slots.raw) == self.shown:
            return False
        self.shown = (snap.header, snap.slots.raw)
        self.box.value = f'<div class="hex">{self.header(snap)}{self.slots(snap)}</div>'
        return True

    @staticmethod
    def header(snap: Snapshot) -> str:
        """Return the HTML of the header's words, each with its name and value."""
        rows = []
        for offset, length, name, value in snap.fields:
            for start in range(offset, offset + length, WORD):
                part = snap.header[start : min(start + WORD, offset + length)]
                if start > offset and not any(part):
                    continue  # the rest of a long field is all zeros
                what = f"<td class='name'>{html.escape(name)}</td><td>{html.escape(str(value))}</td>"
                rows.append(
                    f"<tr><td class='offset'>{start:04x}</td><td class='bytes'>{digits(part)}</td>"
                    f"{what if start == offset else '<td></td><td></td>'}</tr>"
                )
        return f"<section><h4>header</h4><table>{''.join(rows)}</table></section>"

    @staticmethod
    def slots(snap: Snapshot) -> str:
        """Return the HTML of the slots' bytes, each slot in the colour and with the letter of its state."""
        stride, rows = snap.slots.stride, []
        count = min(SLOTS, snap.capacity)
        for index in range(count):
            state = snap.slots.states[index]
            data = snap.slots.raw[index * stride : index * stride + min(stride, BYTES)]
            for start in range(0, len(data), LINE):
                part = data[start : start + LINE]
                head = f"<i class='s{state}'>{palette.LETTERS[state]}</i>{index}" if start == 0 else ""
                rows.append(
                    f"<tr class='k{state}'><td class='offset'>{head}</td><td class='bytes'>{digits(part)}</td>"
                    f"<td class='text'>{text(part)}</td></tr>"
                )
        rest = f"<p>and {snap.capacity - count:,} more slots</p>" if snap.capacity > count else ""
        cut = f", the first {BYTES} are shown" if stride > BYTES else ""
        return f"<section><h4>slots, {stride:,} bytes each{cut}</h4><table>{''.join(rows)}</table>{rest}</section>"
