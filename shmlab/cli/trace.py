"""`shmlab trace`: a recording as a trace or a table."""

import json
from pathlib import Path

import click

from shmlab.cli.argument_types import NewFile
from shmlab.cli.verb import verb
from shmlab.memory.errors import ArgumentError

PATH = click.Path(path_type=Path)


@verb("a recording as a trace or a table", example="shmlab trace run.jsonl --to run.trace.json", status="0 written")
@click.argument("recording", type=PATH, metavar="RECORDING", help="a file that lab.record() has written")
@click.option("--to", type=PATH, metavar="FILE", required=True, help="FILE.json: a trace, FILE.csv: a table")
def trace(recording: Path, to: Path) -> int:
    """Turn a recording into a trace for ui.perfetto.dev, or into a table: which, the ending of the file's name says."""
    from shmlab.observe.recording import read, table, trace as traced

    if to.suffix not in (".json", ".csv"):
        raise ArgumentError(f"--to: '{to}' ends neither in .json (a trace) nor in .csv (a table).")
    run = read(recording)
    if to.exists() and to.samefile(recording):
        raise ArgumentError(f"--to: '{to}' is the recording itself. Name another file.")
    NewFile("--to").convert(to, None, None)
    to.write_text(table(run) if to.suffix == ".csv" else json.dumps(traced(run)))
    print(f"{to}: {run}")
    return 0
