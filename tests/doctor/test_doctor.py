"""The doctor says in one line what is well, in a second what to do where it is not. Each thing is made wrong once."""

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from shmlab import cli, doctor
from shmlab.doctor import kernel, machine, packages
from shmlab.doctor.finding import Finding, hint
from shmlab.memory import errors, os_errors, segment
from tests import denied

CALLS = (
    *("pidfds", "membarrier", "PR_SET_PDEATHSIG", "/proc", "waitid"),
    *("write in /dev/shm", "fchmod", "flock", "F_OFD_SETLK", "fallocate", "link"),
)
WHATS = [
    *("Python", "system", "sandbox", "limits", "shared memory", "processors", *CALLS),
    *("packages", *packages.PACKAGES, "widgets", "front end", "server"),
    *("compiler", "strace", "leftovers", "two processes"),
]


def refuse(*_: object, **__: object) -> Any:
    raise OSError(13, "Permission denied")


def test_it_looks_at_the_same_things_in_the_same_order_and_leaves_nothing(
    capsys: pytest.CaptureFixture[str], leaves_nothing: None
) -> None:
    assert cli.main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line[6:24].strip() for line in lines if not line.startswith(" " * 24)] == WHATS
    assert re.fullmatch(r"well  two processes +1,000 of 1,000 items arrived, no faults", lines[-1])


def test_what_is_wrong_is_marked_and_followed_by_a_cure() -> None:
    mark, cure = str(Finding("bqplot", "missing", "Run `make lab`.")).splitlines()
    assert mark == "LOOK  bqplot             missing"
    assert cure.strip() == "Run `make lab`."
    assert str(hint("strace", "missing", "Get it.")).startswith("hint  strace ")
    assert str(hint("strace", "there", "")).startswith("well  strace ")


def test_the_exit_status_is_1_only_where_something_essential_is_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for found, status in [
        ([Finding("a", "b")], 0),
        ([hint("a", "b", "c"), Finding("a", "b")], 0),
        ([Finding("a", "b", "c"), Finding("a", "b")], 1),
    ]:
        monkeypatch.setattr(doctor, "findings", lambda found=found: iter(found))
        assert cli.main(["doctor"]) == status
        assert len(capsys.readouterr().out.splitlines()) >= len(found)


# --- the machine -----------------------------------------------------------------------------------


def test_an_old_python_and_another_system_are_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "PYTHON", (9, 0))
    assert machine.python().wrong and platform.python_version() in machine.python().found
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "shmlab needs Linux" in machine.python().cure


def test_little_shared_memory_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.statvfs(segment.DIRECTORY)
    little = os.statvfs_result((4096, 4096, 16384, 100, 100, *real[5:]))
    monkeypatch.setattr(os, "statvfs", lambda _: little)
    finding = machine.memory()
    assert finding.found == "/dev/shm: 64 MiB, 400 KiB free"
    assert "--shm-size" in finding.cure and not finding.wrong
    monkeypatch.setattr(os, "statvfs", refuse)
    assert machine.memory().wrong and "mount" in machine.memory().cure


def test_processors_that_may_not_be_asked_for_are_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", refuse)
    finding = machine.processors()
    assert "refused: Permission denied" in finding.found and finding.cure and not finding.wrong


def test_one_processor_is_told_with_what_it_means(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    finding = machine.processors()
    assert finding.found == "1 of 64" and "take turns" in finding.cure and not finding.wrong


def test_without_compiler_or_strace_it_says_what_will_not_be_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    for finding in (machine.compiler(), machine.strace()):
        assert "Lesson" in finding.cure and "sudo apt install" in finding.cure and not finding.wrong
    assert "`cc`, no `as`" in machine.compiler().found


def test_an_strace_that_may_not_trace_is_found_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    forbidden = tmp_path / "strace"
    forbidden.write_text("#!/bin/sh\necho 'PTRACE_TRACEME: Operation not permitted' >&2; exit 1\n")
    forbidden.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert machine.strace().found == "not allowed here" and "SYS_PTRACE" in machine.strace().cure


def test_leftovers_of_a_dead_lab_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "shmlab-0123456789abcdef"
    monkeypatch.setattr(segment, "names", lambda: [name])
    monkeypatch.setattr(segment, "owner_is_dead", lambda _: True)
    finding = machine.leftovers()
    assert finding.found == name
    assert "shmlab clean" in finding.cure and not finding.wrong


def test_a_lab_that_cannot_start_is_told_with_the_errors_own_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_lab(*_: object, **__: object) -> None:
        raise errors.NoRoom("no room. Stop other labs.")

    monkeypatch.setattr(machine, "Lab", no_lab)
    assert machine.items() == Finding("two processes", "no lab starts", "no room. Stop other labs.")


def test_the_doctor_does_not_send_to_the_doctor(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise os_errors.no_room(PermissionError(1, ""), "start a process")

    monkeypatch.setattr(machine, "Lab", refused)
    said = "cannot start a process: Operation not permitted."
    assert machine.items().cure == f"{said} Please report this, with the lines above."
    assert machine.items(explained=True).cure == f"{said} See the lines marked LOOK above."


def test_items_that_do_not_arrive_are_explained_by_the_lines_above_or_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "SECONDS", 0.001)
    assert machine.items().cure == "Please report this, with the lines above."
    assert machine.items(explained=True).cure == "See the lines marked LOOK above."


# --- the system ------------------------------------------------------------------------------------


def test_it_names_kernel_library_and_architecture(monkeypatch: pytest.MonkeyPatch) -> None:
    name = os.uname()
    assert kernel.system() == Finding(
        "system", f"Linux {name.release}, {' '.join(platform.libc_ver())}, {name.machine}"
    )

    def unknown(_: str) -> str:
        raise ValueError("unrecognized configuration name")

    monkeypatch.setattr(os, "confstr", unknown)
    assert kernel.system().wrong and "no glibc" in kernel.system().found and "Alpine" in kernel.system().cure


@pytest.mark.parametrize(
    ("release", "library", "wrong"),
    [
        ("3.10.0-1160.el7.x86_64", "glibc 2.21", False),
        ("3.9.11", "glibc 2.36", True),
        ("2.6.32-754.el6", "glibc 2.36", True),
        ("6.1.0-18-amd64", "glibc 2.17", True),
        ("10.0", "glibc 3.0", False),
    ],
)
def test_a_kernel_and_a_library_that_are_too_old_are_wrong(
    release: str, library: str, wrong: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(("Linux", "here", release, "", "x86_64")))
    monkeypatch.setattr(os, "confstr", lambda _: library)
    assert kernel.system().wrong == wrong == ("Linux 3.10 and glibc 2.21" in kernel.system().cure)


def test_a_sandbox_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "GVISOR", os.uname().version)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    assert kernel.sandbox().found.startswith("gVisor")


@pytest.mark.parametrize(
    ("files", "cpus", "memory"),
    [
        ({"me": "0::/a/b\n", "a/b/cpu.max": "150000 100000\n", "a/b/memory.max": "max\n"}, 1.5, None),
        ({"me": "0::/a/b\n", "a/cpu.max": "50000 100000\n", "a/b/cpu.max": "max 100000\n"}, 0.5, None),
        ({"me": "0::/\n", "memory.max": "1073741824\n"}, None, 1 << 30),
        (
            {
                "me": "4:memory:/x\n3:cpu,cpuacct:/x\n",
                "cpu/x/cpu.cfs_quota_us": "200000\n",
                "cpu/x/cpu.cfs_period_us": "100000\n",
                "memory/memory.limit_in_bytes": "9223372036854771712\n",
                "memory/x/memory.limit_in_bytes": "268435456\n",
            },
            2.0,
            256 << 20,
        ),
        ({"me": "3:cpu,cpuacct:/\n", "cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None, None),
        ({}, None, None),
    ],
    ids=[
        "quota of version 2",
        "of the group around",
        "memory of version 2",
        "version 1",
        "version 1, no limit",
        "none",
    ],
)
def test_a_container_s_limits_are_read(
    tmp_path: Path, files: dict[str, str], cpus: float | None, memory: int | None
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert kernel.processors(tmp_path, tmp_path / "me") == cpus
    assert kernel.most_memory(tmp_path, tmp_path / "me") == memory


def test_limits_that_are_felt_are_hints(monkeypatch: pytest.MonkeyPatch) -> None:
    for cpus, memory, cure in [(None, None, ""), (2.0, 1 << 30, ""), (0.5, None, "share"), (2.0, 1 << 28, "90 MiB")]:
        monkeypatch.setattr(kernel, "processors", lambda cpus=cpus: cpus)
        monkeypatch.setattr(kernel, "most_memory", lambda memory=memory: memory)
        finding = kernel.limits()
        assert cure in finding.cure and bool(cure) == bool(finding.cure) and not finding.wrong


# what is refused: the line that says so, its mark, and a word of what it says
REFUSALS = {
    "pidfd_open": ("pidfds", "hint", "(pidfd_open)"),
    "pidfd_send_signal": ("pidfds", "hint", "(pidfd_send_signal)"),
    "pidfd=EACCES": ("pidfds", "hint", "Permission denied"),
    "membarrier": ("membarrier", "hint", "not implemented"),
    "pdeathsig": ("PR_SET_PDEATHSIG", "hint", "not permitted"),
    "proc": ("/proc", "hint", "No such file"),
    "ofd": ("F_OFD_SETLK", "hint", "Invalid argument"),
    "flock": ("flock", "LOOK", "not permitted"),
    "fchmod": ("fchmod", "LOOK", "not permitted"),
    "fallocate=EPERM": ("fallocate", "hint", "not permitted"),
    "fallocate=ENOSYS": ("fallocate", "hint", "not implemented"),
    "link": ("link", "LOOK", "not permitted"),
    "shm": ("write in /dev/shm", "LOOK", "Read-only file system"),
}
TRY = "from shmlab.doctor import kernel\nfor finding in kernel.calls(): print(finding)"


def said(refused: str, *command: str) -> str:
    """What a command prints under a refusal, whatever its exit status."""
    if not denied.can(refused):
        pytest.skip(f"{refused} cannot be refused here")
    whole = [*denied.command(refused), sys.executable, *command]
    ended = subprocess.run(whole, capture_output=True, text=True, timeout=60, check=False)
    assert not ended.stderr
    return ended.stdout


@pytest.mark.slow
@pytest.mark.parametrize("refused", ["", *REFUSALS])
def test_each_call_is_tried_and_told_by_name(refused: str) -> None:
    wrong = re.findall(r"^(hint|LOOK)  (.{18}) refused: (.+)\n {25}\S.+", said(refused, "-c", TRY), re.MULTILINE)
    assert len(wrong) == bool(refused)
    for mark, what, reason in wrong:
        assert (what.strip(), mark) == REFUSALS[refused][:2] and REFUSALS[refused][2] in reason


@pytest.mark.slow
@pytest.mark.parametrize(
    ("refused", "step"),
    [
        ("link", r"Operation not permitted, while naming it and its semaphores \(link\)"),
        ("flock", r"Operation not permitted, while (making a file|trying the locks) .*flock\)"),
        ("fchmod", r"Operation not permitted, while making a file in /dev/shm \(fchmod\)"),
        ("shm", r"Read-only file system, while making a file in /dev/shm \(open\)"),
    ],
)
def test_a_lab_that_a_refused_call_keeps_from_starting_sends_the_reader_to_the_line_of_that_call(
    refused: str, step: str
) -> None:
    *_, last, cure = said(refused, "-m", "shmlab.cli", "doctor").splitlines()
    assert last == "LOOK  two processes      no lab starts"
    doing = "cannot (create a segment|look for leftovers) .*"
    assert re.fullmatch(rf" +{doing}: {step}\. See the lines marked LOOK above\.", cure)


def test_without_a_file_to_try_them_on_calls_are_not_called_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment, "DIRECTORY", "/nowhere")
    found = {finding.what: finding for finding in kernel.calls()}
    assert found[kernel.WRITE].wrong and found[kernel.WRITE].found == "refused: No such file or directory"
    for what in ("fchmod", "flock", "F_OFD_SETLK", "fallocate", "link"):
        assert found[what].found == "not tried" and not found[what].wrong


def test_a_full_dev_shm_is_not_taken_for_a_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    cures = {finding.what: finding.cure for finding in kernel.calls()}
    assert "shmlab clean" in cures["fallocate"] and "sandbox" not in cures["fallocate"]


@pytest.mark.parametrize(
    ("room", "found", "cure"),
    [
        (dict(blocks=16, free=16), "64 KiB, 64 KiB free", "Give it more"),
        (dict(blocks=1 << 16, free=1 << 15, files=4, more=3), "128 MiB free, but only for 3 more files", "nr_inodes"),
    ],
    ids=["too small", "too few files"],
)
def test_a_dev_shm_in_which_no_lab_has_room(
    room: dict[str, int], found: str, cure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = [4096, 4096, room["blocks"], room["free"], room["free"]]
    told += [room.get("files", 0), room.get("more", 0), room.get("more", 0), 0, 255]
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result(told))
    finding = machine.memory()
    assert finding.wrong and found in finding.found and finding.cure
    said = str(os_errors.no_room(OSError(28, ""), "create a segment"))
    assert cure in said and "fewer slots" not in said


def test_a_membarrier_without_the_command_that_the_ring_needs_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(("Linux", "here", "4.14.0", "", "x86_64")))
    for commands, found in [(0b1, "refused: this kernel has no"), (0b111, "works")]:
        monkeypatch.setattr(kernel, "_commands", lambda _, commands=commands: commands)
        assert next(f for f in kernel.calls() if f.what == "membarrier").found.startswith(found)


def test_a_python_without_pidfds_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "pidfd_open")
    first = next(kernel.calls())
    assert first.found == "refused: pidfd_open is unknown to this Python" and not first.wrong


# --- surroundings in which something fails that nobody expected -----------------------------------


def test_a_look_that_fails_is_a_line_like_others_and_the_rest_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> Any:
        raise RuntimeError("nobody expected this")

    for module, name in [(machine, "python"), (kernel, "limits"), (packages, "package"), (machine, "strace")]:
        monkeypatch.setattr(module, name, fail)
    monkeypatch.setitem(kernel.CALLS, "waitid", (fail, "", True))
    assert cli.main(["doctor"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line[6:24].strip() for line in lines if not line.startswith(" " * 24)] == WHATS
    failed = [line[6:24].strip() for line in lines if "cannot be looked at: RuntimeError: nobody expected" in line]
    assert failed == ["Python", "limits", "waitid", *packages.PACKAGES, "strace"]


def test_a_user_without_a_home_is_told_to_set_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_: int) -> Any:
        raise KeyError("uid not found")

    monkeypatch.setattr("pwd.getpwuid", unknown)
    for name in [name for name in os.environ if name == "HOME" or name.startswith("JUPYTER")]:
        monkeypatch.delenv(name)
    for finding in (packages.front_end(), packages.server()):
        assert finding.wrong and "home directory" in finding.found and "set HOME" in finding.cure


def test_settings_of_a_group_that_cannot_be_read_are_no_limits(tmp_path: Path) -> None:
    me = tmp_path / "me"
    for text in ("", "max", "word word", "1 0", "1 2 3"):
        (tmp_path / "cpu.max").write_text(text)
        (tmp_path / "memory.max").write_text(text)
        for line in ("0::/\n", "no group\n"):
            me.write_text(line)
            assert kernel.processors(tmp_path, me) is None and kernel.most_memory(tmp_path, me) is None


# --- the packages ----------------------------------------------------------------------------------


def test_missing_packages_are_told_in_one_line_with_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    real = metadata.version

    def missing(name: str) -> str:
        if name in ("bqplot", "ipywidgets"):
            raise metadata.PackageNotFoundError(name)
        return real(name)

    assert packages.lack() == Finding("packages", "all there")
    monkeypatch.setattr(metadata, "version", missing)
    monkeypatch.setattr(machine, "items", lambda _: Finding("two processes", "not tried"))
    found = {finding.what: finding for finding in doctor.findings()}
    cure = "Run `make lab`, which installs them, or: pip install ipywidgets bqplot"
    assert found["packages"] == Finding("packages", "missing: ipywidgets bqplot", cure)
    assert "bqplot" not in found and "numpy" in found
    assert found["widgets"].wrong and "see above" in found["widgets"].cure


def test_a_package_whose_metadata_cannot_be_read_does_not_stop_the_doctor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", refuse)
    monkeypatch.setattr(machine, "items", lambda _: Finding("two processes", "not tried"))
    found = {finding.what: finding for finding in doctor.findings()}
    assert "Permission denied" in found["numpy"].found and found["numpy"].wrong and "two processes" in found


def versions(monkeypatch: pytest.MonkeyPatch, **wanted: str) -> None:
    real = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: wanted.get(name) or real(name))


def test_a_version_that_shmlab_does_not_work_with_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    versions(monkeypatch, bqplot="0.12.1")
    finding = packages.package("bqplot")
    assert finding.wrong and re.search(r"pip install 'bqplot\S*>=0\.13\.1", finding.cure)


def test_two_halves_of_the_widgets_that_do_not_fit_are_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not packages.widgets().cure
    versions(monkeypatch, jupyterlab_widgets="1.1.11")
    assert packages.widgets().wrong and "pip install 'jupyterlab_widgets~=3" in packages.widgets().cure


def test_a_front_end_that_is_not_there_or_disabled_is_wrong(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import jupyter_core.paths

    assert not packages.front_end().cure
    monkeypatch.setattr(jupyter_core.paths, "jupyter_path", lambda *_: [str(tmp_path)])
    assert packages.front_end().found == "no @jupyter-widgets/jupyterlab-manager" and packages.front_end().wrong
    for name in packages.PAGES:
        (tmp_path / name).mkdir(parents=True)
        page = {"name": name, "version": "1.0.0", "jupyterlab": {"_build": {"load": "static/a.js"}}}
        (tmp_path / name / "package.json").write_text(json.dumps(page))
    assert not packages.front_end().cure
    (tmp_path / "bqplot" / "package.json").unlink()
    assert packages.front_end().found == "no bqplot"


def test_a_disabled_front_end_is_told_how_to_enable(monkeypatch: pytest.MonkeyPatch) -> None:
    import jupyterlab_server.config

    monkeypatch.setattr(jupyterlab_server.config, "get_page_config", lambda _: {"disabledExtensions": ["bqplot"]})
    finding = packages.front_end()
    assert finding.wrong and finding.cure == "Run: jupyter labextension enable bqplot"


def test_a_server_without_our_extension_is_a_hint(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert not packages.server().cure
    (tmp_path / "jupyter_server_config.json").write_text(
        json.dumps({"ServerApp": {"jpserver_extensions": {packages.EXTENSION: False}}})
    )
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")
    finding = packages.server()
    assert "not enabled" in finding.found and f"enable {packages.EXTENSION}" in finding.cure and not finding.wrong


@pytest.mark.slow  # a Python of its own, in which nothing but shmlab's own folder is to be had
def test_it_ends_where_hardly_anything_is_installed(tmp_path: Path) -> None:
    (tmp_path / "shmlab").symlink_to(Path(doctor.__file__).parent.parent)
    command = [sys.executable, "-S", "-m", "shmlab.cli", "doctor"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1 and "Traceback" not in ended.stderr
    assert "LOOK  packages           missing: jupyterlab " in ended.stdout and "LOOK  front end" in ended.stdout
    assert ended.stdout.count("make lab") == 1
