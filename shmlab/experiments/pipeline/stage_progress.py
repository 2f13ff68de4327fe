"""What one stage reports to its owner: lines of JSON among the output of its tools."""

import json
from collections.abc import Sequence

from shmlab.experiments.pipeline.pipeline_snapshot import PipelineStage
from shmlab.observe.snapshot import Snapshot, Worker

DOING = {"compiler": "compiling", "assembler": "assembling", "linker": "collecting"}
MOST_WORDS = 4000  # characters of the tools' output that are kept


class StageProgress:
    """The progress of one stage, which runs `tool` on `total` of `modules` (all rounds counted).

    `rows` are its places: segment number and row; the one that it gets from comes first.
    """

    def __init__(
        self, kind: str, name: str, tool: str, modules: Sequence[str], total: int, rows: Sequence[tuple[int, int]]
    ) -> None:
        self.kind, self.name, self.tool, self.modules = kind, name, tool, modules
        self.total, self.rows = total, rows
        self.pid, self.number, self.made = 0, -1, 0
        self.cpu = 0.0
        self.begins: list[float] = []  # when each file was begun, on the monotonic clock,
        self.ends: list[float] = []  # and when it was done
        self.doing, self.output, self.words, self.trouble = "starting", "", "", ""
        self.over = False
        self._rest = ""

    def heard(self, text: str) -> None:
        """Take in what the stage has printed (on the watching thread)."""
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            if line.startswith('{"event"'):
                self._take(json.loads(line))
            else:
                self.words = (self.words + line + "\n")[-MOST_WORDS:]

    def _take(self, line: dict[str, object]) -> None:
        event, time, self.cpu = line["event"], float(str(line["at"])), float(str(line["cpu"]))
        if event == "begin":
            self.number, self.doing = int(str(line["module"])), DOING[self.kind]
            self.begins.append(time)
        elif event == "done":
            self.made += int(str(line["bytes"]))
            self.ends.append(time)
        elif event == "failed":
            self.trouble = f"{self.name} refused {self.modules[int(str(line['module']))]}"
        elif event in ("link", "run"):
            self.number, self.doing = -1, "linking" if event == "link" else "running the program"
        elif event == "output":
            self.output = str(line["text"])
            if line["status"]:
                self.trouble = f"the program ended with status {line['status']}"
        elif event == "end":
            self.over, self.number, self.doing = True, -1, "done"
            if line.get("failed") and not self.trouble:
                self.trouble = f"{self.name} failed"

    def stage(self, snapshots: Sequence[Snapshot]) -> PipelineStage:
        """Return the current state of the stage."""
        workers = [next(w for w in snapshots[index].workers if w.row == row) for index, row in self.rows]
        return PipelineStage(
            kind=self.kind,
            name=self.name,
            tool=self.tool,
            pid=self.pid,
            state=self._state(workers),
            module=self.modules[self.number] if self.number >= 0 else "",
            done=len(self.ends),
            total=self.total,
            made=self.made,
            cpu=self.cpu,
            blocked=sum(worker.blocked for worker in workers),
            busy=self.ends[-1] - self.begins[0] if self.ends else 0.0,
        )

    def _state(self, workers: Sequence[Worker]) -> str:
        if self.over or self.doing in ("linking", "running the program"):
            return self.doing
        words = {"producing": "putting", "consuming": "getting"}
        for worker in workers:
            if worker.waits or worker.holds or worker.state in words:
                return words.get(worker.state, worker.state)
        return self.doing
