"""`shmlab present`: for this machine and its lecturer alone, at once, and gone when it ends."""

import contextlib
import importlib.util
import json
import re
import signal
import socket
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import websocket
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager

from shmlab.cli import main
from shmlab.views.notebook import palette
from shmlab.views.present import voila_server
from tests.apparatus import eventually
from tests.views.present.hall import Hall, hall


@pytest.fixture(scope="module")
def lecture() -> Iterator[Hall]:
    with hall() as served:
        yield served


def channels(served: Hall, kernel: str, **headers: str) -> websocket.WebSocket:
    """A websocket to a kernel's channels."""
    address = f"{served.url.replace('http', 'ws', 1)}api/kernels/{kernel}/channels?session_id=test"
    return websocket.create_connection(address, timeout=60, header=headers)


def message(kind: str, **content: object) -> str:
    """A message to a kernel, as a page sends it."""
    header = {"msg_id": uuid.uuid4().hex, "msg_type": kind, "session": "test", "username": "", "version": "5.3"}
    return json.dumps(
        {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell", "buffers": []}
    )


def test_without_voila_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert main(["present"]) == 2
    assert "pip install voila" in capsys.readouterr().err


def test_a_port_in_use_is_refused_before_anything_starts(capsys: pytest.CaptureFixture) -> None:
    with socket.create_server((voila_server.HOST, 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["present", "--port", str(port)]) == 2
    assert f"port {port} is in use" in capsys.readouterr().err
    assert main(["present", "--port", "80"]) == 2


def test_a_sheet_for_the_projector_keeps_its_conditions() -> None:
    text = ".a { font: 14px/1.4 x; margin: -2.5px }\n@container (max-width: 900px) {\n  .b { top: 1px }\n}"
    sheet = palette.scaled(text)
    assert sheet.splitlines() == [
        ".a { font: calc(14 * var(--px, 1px))/1.4 x; margin: calc(-2.5 * var(--px, 1px)) }",
        "@container (max-width: 900px) {",
        "  .b { top: calc(1 * var(--px, 1px)) }",
        "}",
    ]


@pytest.mark.slow
def test_only_this_machine_reaches_it_and_only_with_the_token(lecture: Hall) -> None:
    listens = [c.laddr.ip for c in psutil.Process(lecture.process.pid).net_connections("tcp") if c.status == "LISTEN"]
    assert listens == ["127.0.0.1"]
    with urllib.request.urlopen(lecture.url, timeout=30) as stranger:
        assert "/login" in stranger.url and lecture.kernels() == []
    with pytest.raises(urllib.error.HTTPError) as refused:
        lecture.ask(Host="somewhere.else")
    assert refused.value.code == 403 and lecture.kernels() == []
    kernel = lecture.page()
    for path, method in ((f"api/kernels/{kernel}", "DELETE"), (f"voila/api/shutdown/{kernel}", "POST")):
        with pytest.raises(urllib.error.HTTPError) as refused:
            lecture.ask(path, method, Authorization="")
        assert refused.value.code == 403
    with pytest.raises(websocket.WebSocketBadStatusException) as closed:
        channels(lecture, kernel)
    assert closed.value.status_code == 403
    assert len(lecture.kernels()) == 1


@pytest.mark.slow
def test_frames_leave_at_once_and_a_page_cannot_run_code(lecture: Hall, tmp_path: Path) -> None:
    connection = channels(lecture, lecture.page(), Authorization=f"token {lecture.token}")
    try:
        for text in (
            message("execute_request", code=f"open({str(tmp_path / 'made')!r}, 'w')", silent=False),
            message("kernel_info_request"),
        ):
            connection.send(text)
        answers: list[str] = []
        while "kernel_info_reply" not in answers:
            answers.append(json.loads(connection.recv())["msg_type"])
        assert "execute_reply" not in answers and not (tmp_path / "made").exists()
        found = json.loads(lecture.ask(f"shmlab_probe?port={connection.sock.getsockname()[1]}"))
        assert found["nodelay"] == 1
    finally:
        connection.close()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_ends_it_and_its_kernels(number: signal.Signals) -> None:  # SIGINT: tests/browser
    with hall() as served:
        served.page()
        kernels = served.kernels()
        assert len(kernels) == 1
        said = served.end(number)
        assert served.process.returncode == 0 and "Traceback" not in said
        eventually(lambda: not any(kernel.is_running() for kernel in kernels))


BROWSER = """#!{python}
import os, re, sys, time, urllib.parse
from pathlib import Path
place = Path(urllib.parse.unquote(urllib.parse.urlparse(sys.argv[1]).path))
page = place.read_text()
Path({said!r}).with_suffix(".new").write_text(
    "\\n".join([str(os.getpid()), str(place), oct(place.stat().st_mode & 0o777), *re.findall(r'href="(.*?)"', page)])
)
Path({said!r}).with_suffix(".new").rename({said!r})
time.sleep(60)
"""


@pytest.mark.slow
def test_no_command_line_tells_the_token(tmp_path: Path) -> None:
    browser, said = tmp_path / "browser", tmp_path / "said"
    browser.write_text(BROWSER.format(python=sys.executable, said=str(said)))
    browser.chmod(0o755)
    with hall(BROWSER=str(browser), HOME=str(tmp_path)) as served:
        eventually(said.exists)
        number, place, mode, leads_to = said.read_text().splitlines()
        try:
            served.page()
            started = psutil.Process(served.process.pid).children(recursive=True)
            assert int(number) in {process.pid for process in started} and served.kernels()
            for line in Path("/proc").glob("[0-9]*/cmdline"):
                with contextlib.suppress(OSError):  # one that has ended meanwhile
                    assert served.token not in line.read_text(errors="replace"), line
        finally:
            psutil.Process(int(number)).kill()
        assert (mode, leads_to) == ("0o600", served.address)
        assert Path(place).parent == tmp_path
        served.end(signal.SIGTERM)
    assert not Path(place).exists()


def test_a_lost_page_s_kernel_is_ended_though_its_lab_draws() -> None:
    told = voila_server.settings(Path("lecture.ipynb"), 9000, "light").MappingKernelManager
    assert 0 < told.cull_interval <= told.cull_idle_timeout <= 120
    kernels = AsyncMappingKernelManager(config=voila_server.settings(Path("lecture.ipynb"), 9000, "light"))
    assert not kernels.track_message_type("comm_msg") and kernels.track_message_type("execute_request")


def test_the_page_asks_no_other_machine() -> None:
    template = (voila_server.PAGE / "index.html.j2").read_text() + (voila_server.PAGE / "keys.js").read_text()
    assert not re.search(r"https?://", template)
