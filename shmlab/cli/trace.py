"""Turn a recording into a trace for ui.perfetto.dev, or into a table: which, the ending of the file's name says."""

import argparse
import json
from pathlib import Path

from shmlab.cli import typed
from shmlab.memory.errors import ArgumentError

HELP = "a recording as a trace or a table"
EXAMPLE = "shmlab trace run.jsonl --to run.trace.json"
STATUS = "0 written"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recording", type=Path, metavar="RECORDING", help="a file that lab.record() has written")
    parser.add_argument("--to", type=Path, metavar="FILE", required=True, help="FILE.json: a trace, FILE.csv: a table")


def run(chosen: argparse.Namespace) -> int:
    from shmlab.observe.recording import read, table, trace

    wanted: Path = chosen.to
    if wanted.suffix not in (".json", ".csv"):
        raise ArgumentError(f"--to: '{wanted}' ends neither in .json (a trace) nor in .csv (a table).")
    recording = read(chosen.recording)
    if wanted.exists() and wanted.samefile(chosen.recording):
        raise ArgumentError(f"--to: '{wanted}' is the recording itself. Name another file.")
    typed.check_place(wanted, "--to")
    wanted.write_text(table(recording) if wanted.suffix == ".csv" else json.dumps(trace(recording)))
    print(f"{wanted}: {recording}")
    return 0
