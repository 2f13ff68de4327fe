"""Somebody who looks at a lab, without a browser: answers its frames as a page does, so that it goes on drawing.

A page sends every number that the view puts into `seq` back through `ack` (shmlab/views/notebook/frames.py). So does
this, over the server's websocket (`Through`) or straight over the kernel's own sockets (`Beside`). It draws nothing.
"""

import contextlib
import json
import re
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

import websocket
import zmq
from jupyter_client import BlockingKernelClient

LAB = """
from shmlab import labs
shown = labs.live({settings})
print("models", shown.frames.seq.model_id, shown.frames.ack.model_id, shown.lab.name)
"""
STARTED = re.compile(r"models (\w+) (\w+) (shmlab-\w+)")
NUMBER = re.compile(rb'"value": ?(\d+)')


def answer(model: str, number: int) -> dict[str, Any]:
    """What a page says when it has drawn up to `number`."""
    return {"comm_id": model, "data": {"method": "update", "state": {"value": number}, "buffer_paths": []}}


class Looking:
    """One pair of eyes. `frames` is the number of the last frame, `replies` of finished cells."""

    def __init__(self) -> None:
        self.frames = self.replies = 0
        self.seq = self.ack = self.name = ""
        self.answers = True

    def hear(self, text: bytes, reply: Callable[[str, dict[str, Any]], None]) -> None:
        """Take one message of the kernel."""
        self.replies += b'"execute_reply"' in text
        if not self.seq:
            if found := STARTED.search(text.decode(errors="replace")):
                self.seq, self.ack, self.name = found.groups()
        elif self.answers and self.seq.encode() in text and (number := NUMBER.search(text)):
            self.frames = int(number[1])
            reply("comm_msg", answer(self.ack, self.frames))


def until(ready: Callable[[], Any], what: str, seconds: float = 120.0) -> None:
    """Wait for something; a benchmark that hangs ends with a sentence."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise SystemExit(f"not within {seconds:g} s: {what}")
        time.sleep(0.05)


class Through(Looking):
    """Looks through a Jupyter server. `run(code)` has the kernel run something; `close()` closes the page."""

    def __init__(self, url: str, token: str, kernel: str) -> None:
        super().__init__()
        address = f"{url.replace('http', 'ws', 1)}/api/kernels/{kernel}/channels?session_id={uuid.uuid4().hex}"
        self.socket = websocket.create_connection(
            address, timeout=60, header={"Authorization": f"token {token}"}, enable_multithread=True
        )
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def _listen(self) -> None:
        with contextlib.suppress(OSError, websocket.WebSocketException):
            while True:
                text = self.socket.recv()
                self.hear(text.encode() if isinstance(text, str) else text, self._send)

    def _send(self, kind: str, content: dict[str, Any]) -> None:
        header = {"msg_id": uuid.uuid4().hex, "msg_type": kind, "session": "page", "username": "", "version": "5.3"}
        told = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        self.socket.send(json.dumps({**told, "buffers": []}))

    def run(self, code: str) -> None:
        self._send("execute_request", {"code": code, "silent": False, "store_history": False, "user_expressions": {}})

    def close(self) -> None:
        self.socket.close()
        self.thread.join(5)


class Beside(Looking):
    """Looks at a kernel that was started here. `read()` takes what has come; somebody polls `socket`."""

    def __init__(self, client: BlockingKernelClient) -> None:
        super().__init__()
        self.client = client
        self.socket: zmq.Socket[bytes] = client.iopub_channel.socket

    def _send(self, kind: str, content: dict[str, Any]) -> None:
        self.client.session.send(self.client.shell_channel.socket, kind, content)

    def run(self, code: str) -> None:
        self.client.execute(code, store_history=False)

    def read(self) -> None:
        with contextlib.suppress(zmq.Again):
            while True:
                parts = self.socket.recv_multipart(zmq.NOBLOCK)
                self.hear(b"".join(parts[-6:]), self._send)


class Eyes:
    """One thread that reads for all that look."""

    def __init__(self) -> None:
        self.poller, self.all = zmq.Poller(), dict[Any, Beside]()
        self.ended = False
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def add(self, looking: Beside) -> None:
        with self.lock:
            self.poller.register(looking.socket, zmq.POLLIN)
            self.all[looking.socket] = looking

    def _run(self) -> None:
        while not self.ended:
            with self.lock:
                for socket, _ in self.poller.poll(20):
                    self.all[socket].read()
            time.sleep(0.001)

    def close(self) -> None:
        self.ended = True
        self.thread.join(5)
