"""`shmlab clean`: remove what dead labs left."""

from shmlab.cli.verb import verb


@verb(
    "remove what dead labs left: processes, and names in /dev/shm",
    example="shmlab clean",
    status="0 removed, or nothing to remove",
)
def clean() -> int:
    """End the processes of dead labs, and what these have started; remove their segments and semaphores from /dev/shm.

    The segments of lessons whose kernel has ended go, too. A lab or a lesson that lives is never touched.
    """
    from shmlab.experiments.exhibits import lifecycle
    from shmlab.lab import create
    from shmlab.processes import descendants, scratch_folder

    folders = descendants.temporary_folders()
    done = [f"ended process {pid}" for pid in descendants.end_strays()]  # they are known by their segment's dead owner
    done += [f"removed {name}" for name in create.sweep() + scratch_folder.sweep(folders) + lifecycle.sweep()]
    print("\n".join(done) or "Nothing to remove: every segment has a living owner.")
    return 0
