"""A compiler, an assembler and a linker in a row, each a real process, with a bounded buffer between adjacent stages.

    print(shmlab.experiments.pipeline.run("notebooks/sources"))

"A compiler may produce assembly code that is consumed by an assembler. The assembler, in turn, may produce object
modules that are consumed by the loader" (Silberschatz, Galvin, Gagne, Operating System Concepts, section 3.4).

In reading order: `pipeline` owns the segments and starts the stages; `stage` is the program of each, which receives a
`stage_order` and reports its `stage_progress`; `streams` are its two ends, which move `pieces` of text; `tools` are
the compiler and the assembler of this machine. `pipeline_snapshot` is the state at one moment; `recorded_run`
plays a recording if there is no compiler.
"""


TYPE_CHECKING = False  # a stage also loads this package, but needs nothing that runs the whole pipeline
if TYPE_CHECKING:
    from typing import Any

    from shmlab.experiments.pipeline.pipeline import Pipeline, PipelineSettings
    from shmlab.experiments.pipeline.pipeline_snapshot import PipelineReport
    from shmlab.experiments.pipeline.recorded_run import RecordedPipeline


def run(sources: str, timeout: float = 60.0, **settings: "Any") -> "PipelineReport":
    """Compile and assemble all C files of a folder, link them, run the program, and report.

    sources: the folder. slots: 2 to 1,024. payload: bytes of a slot, 32 to 65,536. stages: 2 (compiler and assembler,
    which links at the end) or 3 (with a separate linker). compilers: 1 to 8 processes. rounds: how often all files
    are processed, 1 to 1,000. optimise: -O0 to -O3 or -Os. slow_motion: seconds that each step of the protocol
    takes, 0 to 2. timeout: seconds after which the run is given up.

    Without a compiler, the report is that of a recorded run, and says so (`recorded`). Raises ArgumentError
    before anything is started, NoRoom, OSError.
    """
    with prepared(checked(sources, **settings)) as pipeline:
        return pipeline.wait(timeout)


def checked(sources: object, **settings: object) -> "PipelineSettings":
    """Return validated settings; the arguments are those of `run`. Raises ArgumentError."""
    from shmlab.experiments.pipeline.pipeline import check

    return check(sources, **settings)


def prepared(settings: "PipelineSettings") -> "Pipeline | RecordedPipeline":
    """Return a pipeline that has not been started; without a compiler, a recorded one."""
    from shmlab.experiments.pipeline import tools
    from shmlab.experiments.pipeline.pipeline import Pipeline
    from shmlab.experiments.pipeline.recorded_run import RecordedPipeline

    return RecordedPipeline(settings) if tools.missing() else Pipeline(settings)
