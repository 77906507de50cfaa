"""What the tables say of work that was disturbed: the end, the run and the follow-up of each task.

Everything comes from strongly consistent scans; nothing that a function tells of itself counts.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from chalicelib.journal.chain import genesis, link
from tests.deployed.driver import Item, Rows

_OPEN = {"queued", "running", "paused"}
_DEAD = "the last attempt's lease ended without a result"


@dataclass(frozen=True, eq=False)
class Audit:
    """Some tasks, and what lies in the tables about them; each table is read once.

    Attributes:
        is_meant: whether a row of the work table is one of the tasks.
    """

    rows: Rows
    is_meant: Callable[[Item], bool]

    @cached_property
    def tasks(self) -> list[Item]:
        """The rows of the tasks."""
        found = self.rows.scan("work")
        return [row for row in found if "state" in row and self.is_meant(row)]

    @property
    def open(self) -> list[Item]:
        """Tasks that have not come to their end."""
        return [task for task in self.tasks if task["state"] in _OPEN]

    @property
    def unconcluded(self) -> list[Item]:
        """Tasks whose end lacks its event, or its mark in the run's header."""
        return [task for task in self._ended if self._wrong_end(task)]

    @property
    def without_follow_up(self) -> list[str]:
        """Tasks that succeeded without one task that follows them, where one was asked for."""
        succeeded = [task for task in self.tasks if task["state"] == "succeeded"]
        wanting = [task for task in succeeded if payload_of(task).get("then")]
        return [id_of(task) for task in wanting if len(self._follow_ups(task)) != 1]

    @property
    def wrong_ends(self) -> list[str]:
        """Tasks that do not have one terminal event and one end in the header of their run."""
        return self._faults(self._wrong_end)

    @property
    def wrong_chains(self) -> list[str]:
        """Tasks whose accepted steps are not one whole chain."""
        return self._faults(self._wrong_chain)

    @property
    def wrong_attempts(self) -> list[str]:
        """Tasks with more attempts than they were given, or that failed before the last."""
        return self._faults(_wrong_attempts)

    def _faults(self, fault: Callable[[Item], str]) -> list[str]:
        found = ((task, fault(task)) for task in self._ended)
        return [f"{id_of(task)}: {why}" for task, why in found if why]

    @property
    def _ended(self) -> Iterable[Item]:
        # What was closed never ran.
        return (task for task in self.tasks if task["state"] not in {*_OPEN, "closed"})

    def _follow_ups(self, task: Item) -> list[Item]:
        offspring = [each for each in self.tasks if each["pk"] == f"main#{id_of(task)}"]
        return [each for each in offspring if "group" not in each]

    def _wrong_end(self, task: Item) -> str:
        ends = self._ends.get(id_of(task), [])
        header = self._run(task).get("0", {})
        if ends != [f"{id_of(task)}/{task['token']}/finished"]:
            return f"its events are {ends} at token {task['token']}"
        if (header.get("state"), header.get("ended_token")) != (task["state"], task["token"]):
            return f"its run's header is {header}"
        return ""

    def _wrong_chain(self, task: Item) -> str:
        run, run_id = self._run(task), id_of(task)
        if "checkpoint_seq" not in task:
            return "it succeeded without a step" if task["state"] == "succeeded" else ""
        key, steps = f"{int(task['checkpoint_token']):06}#{int(task['checkpoint_seq']):06}", []
        while key:
            if key not in run:
                return f"step {key} is missing"
            steps.append(run[key])
            key = run[key]["previous"]
        return _wrong_steps(task, run_id, steps[::-1])

    def _run(self, task: Item) -> dict[str, Item]:
        return self._rows_of_runs.get(f"main#{id_of(task)}", {})

    @cached_property
    def _rows_of_runs(self) -> dict[str, dict[str, Item]]:
        found: dict[str, dict[str, Item]] = {}
        for row in self.rows.scan("runs"):
            found.setdefault(row["pk"], {})[row["sk"]] = row
        return found

    @cached_property
    def _ends(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for row in self.rows.scan("journal"):
            if row["kind"] == "run.finished":
                run_id = json.loads(row["content"])["details"]["run_id"]
                found.setdefault(run_id, []).append(row["event_id"])
        return found


def id_of(task: Item) -> str:
    """Return the id of a row of the work table."""
    subject = str(task["pk"]).partition("#")[2]
    return str(task["sk"]) if subject == "tasks" else f"{subject}-{task['sk']}"


def payload_of(task: Item) -> Item:
    """Return what a task was told; nothing for a slot."""
    content: Item = json.loads(task.get("payload", "{}"))
    return content


def _wrong_steps(task: Item, run_id: str, steps: list[Item]) -> str:
    places = [str(step["sk"]).partition("#") for step in steps]
    contents = [json.loads(step["content"]) for step in steps]
    if [int(seq) for _, _, seq in places] != list(range(1, len(steps) + 1)):
        return f"its steps are {places}"
    if any(later < earlier for (earlier, *_), (later, *_) in pairwise(places)):
        return f"a later step has an earlier token: {places}"
    if task["state"] == "succeeded" and [step["kind"] for step in contents] != [
        "model",
        "tool",
        "model",
    ]:
        return f"it did {contents}"
    if [step["previous_link"] for step in steps] != [genesis(run_id), *_links(run_id, steps)][:-1]:
        return "its links do not lead from one step to the next"
    if _links(run_id, steps)[-1] != task["head"]:
        return f"its last link is not {task['head']}"
    return ""


def _links(run_id: str, steps: list[Item]) -> list[str]:
    """Return the links of steps, computed anew."""
    return [
        link(run_id, f"{step['sk']}@{step['at']}", step["previous_link"], step["content"])
        for step in steps
    ]


def _wrong_attempts(task: Item) -> str:
    attempt, last = int(task["attempt"]), int(task["last_attempt"])
    if attempt > last:
        return f"it had {attempt + 1} attempts of {last + 1}"
    if task["state"] == "succeeded":
        return ""
    is_exhausted = (task["state"], task.get("reason"), attempt) == ("failed", _DEAD, last)
    return "" if is_exhausted else f"it is {task['state']}: {task.get('reason')}"
