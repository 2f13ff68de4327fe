"""A compiler, an assembler and a linker in a row, each a real process, with a bounded buffer between each two.

    print(shmlab.experiments.pipeline.run("notebooks/sources"))

"A compiler may produce assembly code that is consumed by an assembler. The assembler, in turn, may produce object
modules that are consumed by the loader" (Silberschatz, Galvin, Gagne, Operating System Concepts, section 3.4).

In reading order: `pipeline` owns the segments and starts the stages; `stage` is the program of each, told by a
`stage_order` and telling its `stage_progress`; `streams` are its two ends, which move `pieces` of text; `tools` are
the compiler and the assembler of this machine. `pipeline_snapshot` is what was seen at one moment; `recorded_run`
plays what is shown where there is no compiler.
"""


TYPE_CHECKING = False  # a stage loads this package, too, and has no use for what runs the whole
if TYPE_CHECKING:
    from typing import Any

    from shmlab.experiments.pipeline.pipeline import Pipeline, PipelineSettings
    from shmlab.experiments.pipeline.pipeline_snapshot import PipelineReport
    from shmlab.experiments.pipeline.recorded_run import RecordedPipeline


def run(sources: str, timeout: float = 60.0, **settings: "Any") -> "PipelineReport":
    """Work through all C files of a folder, link them, run the program, and report.

    sources: the folder. slots: 2 to 1,024. payload: bytes of a slot, 32 to 65,536. stages: 2 (compiler and assembler;
    this one links at the end) or 3 (with a linker of its own). compilers: 1 to 8 processes. rounds: how often all files
    are worked through, 1 to 1,000. optimise: -O0 to -O3 or -Os. slow_motion: seconds that every step of the protocol
    takes, 0 to 2. timeout: seconds after which it is given up.

    Where there is no compiler the report is that of a recorded run, and says so (`recorded`). Raises ArgumentError
    before anything is started, NoRoom, OSError.
    """
    with prepared(checked(sources, **settings)) as pipeline:
        return pipeline.wait(timeout)


def checked(sources: object, **settings: object) -> "PipelineSettings":
    """Good settings; the arguments are those of `run`. Raises ArgumentError."""
    from shmlab.experiments.pipeline.pipeline import check

    return check(sources, **settings)


def prepared(settings: "PipelineSettings") -> "Pipeline | RecordedPipeline":
    """A pipeline that was not started yet; where there is no compiler, a recorded one."""
    from shmlab.experiments.pipeline import tools
    from shmlab.experiments.pipeline.pipeline import Pipeline
    from shmlab.experiments.pipeline.recorded_run import RecordedPipeline

    return RecordedPipeline(settings) if tools.missing() else Pipeline(settings)
