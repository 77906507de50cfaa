"""The bounded worlds that are explored in full, with all rules in force.

Flows are split where one world would grow too large: jobs with ticks and operators, slots that are
already handed over (the lock and the policies), tasks of no job, and a parent with a child.
"""

from tests.model.rules import Configuration
from tests.model.state import Budget

_JOB = ("edit", "pause", "resume", "delete")
_TASK = ("cancel task", "pause task", "resume task", "retry task")
_LIFE = ("cancel task", "retry task")
_THREE = ((1, 2, 3),)

_SLOT = Configuration("", Budget(), ledgered=True)
_PLAIN = Configuration("", Budget(), kind="task", program="call")
_PARENT = Configuration("", Budget(), kind="family", operator=("cancel task",))

TICKS = (
    Configuration(
        "ticks: two and a crash",
        Budget(ticks=2, crashes=1),
        schedules=_THREE,
        end=3,
        workers=1,
    ),
    Configuration(
        "ticks: misfires", Budget(ticks=2, crashes=2, lost=1), schedules=_THREE, end=5, workers=0
    ),
    Configuration("ticks: lost replies", Budget(ticks=2, lost=2, dropped=1), workers=1),
    Configuration(
        "ticks: a slot is edited in",
        Budget(ticks=2, operator=1, crashes=1, lost=1),
        operator=("edit",),
        schedules=((1, 3), (1, 2, 3)),
        end=5,
        workers=0,
    ),
    Configuration(
        "ticks: a slot is edited out",
        Budget(ticks=2, operator=1, crashes=1, lost=1),
        operator=("edit",),
        schedules=((1, 2, 3), (1, 3)),
        end=5,
        workers=0,
    ),
    Configuration(
        "ticks: two operator writes",
        Budget(ticks=1, operator=2),
        operator=_JOB,
        schedules=((1, 2), (1, 2)),
        workers=1,
        quick=True,
    ),
    Configuration(
        "ticks: three operator writes",
        Budget(ticks=2, operator=3, crashes=1),
        operator=_JOB,
        schedules=((1, 2), (2,), (1, 2)),
        end=3,
        workers=0,
    ),
    Configuration(
        "ticks: an operator and a crash",
        Budget(ticks=2, operator=1, crashes=1),
        operator=_JOB,
        schedules=((1, 2), (2,)),
        workers=1,
    ),
    Configuration(
        "ticks: an operator and a zombie",
        Budget(ticks=1, operator=1, leases=1, sweeps=1),
        operator=_JOB,
        schedules=((1, 2), (1, 2)),
    ),
    Configuration(
        "ticks: an edit of the prompt",
        Budget(ticks=1, operator=2, crashes=1),
        operator=("reword", "edit"),
        schedules=((1, 2), (2,)),
        workers=1,
    ),
    Configuration(
        "ticks: run now",
        Budget(ticks=1, operator=1, crashes=1),
        operator=("run now",),
        schedules=((1, 3),),
        end=3,
        quick=True,
    ),
    Configuration(
        "ticks: run now, twice and a zombie",
        Budget(operator=2, leases=1, sweeps=1),
        operator=("run now",),
        schedules=((1, 4),),
        end=4,
    ),
    Configuration(
        "ticks: run now and changes",
        Budget(ticks=1, operator=2),
        operator=(*_JOB, "reword", "run now"),
        schedules=((1, 3), (1, 2, 3)),
        end=3,
        workers=1,
    ),
    Configuration(
        "ticks: run now of a job that is paused",
        Budget(ticks=1, operator=3),
        operator=("pause", "resume", "run now"),
        schedules=((1, 3),),
        end=3,
        workers=1,
    ),
    Configuration(
        "ticks: early claims",
        Budget(ticks=1, operator=1, leases=1, sweeps=1),
        operator=_JOB,
        early=True,
    ),
)


SLOTS = (
    _SLOT._replace(
        name="forbid: a zombie", quick=True, budget=Budget(crashes=1, leases=1, sweeps=1)
    ),
    _SLOT._replace(name="forbid: two zombies", budget=Budget(leases=2, sweeps=2), program="call"),
    _SLOT._replace(
        name="forbid: a call and a crash",
        budget=Budget(crashes=1, leases=1, sweeps=1),
        program="call",
        workers=3,
    ),
    _SLOT._replace(
        name="forbid: an idempotent call",
        budget=Budget(crashes=1, leases=1, sweeps=1, failures=1),
        program="call",
        idempotent=True,
    ),
    _SLOT._replace(
        name="forbid: failures and continuations",
        budget=Budget(leases=1, sweeps=1, failures=1, continuations=1),
    ),
    _SLOT._replace(name="forbid: lost replies", budget=Budget(lost=2, doubled=1)),
    _SLOT._replace(
        name="forbid: cancel and retry",
        budget=Budget(leases=1, sweeps=1, operator=2, crashes=1),
        operator=_LIFE,
        max_attempts=1,
    ),
    _SLOT._replace(
        name="forbid: pause and delete",
        budget=Budget(leases=1, sweeps=1, operator=2),
        operator=("pause", "resume", "delete"),
        program="call",
    ),
    _SLOT._replace(
        name="forbid: expiry", budget=Budget(expiries=1, leases=1, sweeps=1, failures=1)
    ),
    _SLOT._replace(
        name="forbid: three slots",
        budget=Budget(crashes=1, leases=1, sweeps=1),
        schedules=_THREE,
        end=3,
        workers=3,
    ),
    _SLOT._replace(
        name="queue one: a zombie", budget=Budget(leases=1, sweeps=1), policies=("queue_one",)
    ),
    _SLOT._replace(
        name="queue one: three slots",
        budget=Budget(crashes=1),
        policies=("queue_one",),
        schedules=_THREE,
        end=3,
        workers=3,
    ),
    _SLOT._replace(
        name="queue one: three slots and a sweep",
        budget=Budget(sweeps=1),
        policies=("queue_one",),
        schedules=_THREE,
        end=3,
        workers=3,
    ),
    _SLOT._replace(
        name="queue one: three slots and a zombie",
        budget=Budget(leases=1, sweeps=1),
        policies=("queue_one",),
        schedules=_THREE,
        end=3,
    ),
    _SLOT._replace(
        name="queue one: lost replies",
        budget=Budget(lost=1, doubled=1),
        policies=("queue_one",),
        schedules=_THREE,
        end=3,
    ),
    _SLOT._replace(
        name="queue one: cancel and retry",
        budget=Budget(operator=2, sweeps=1),
        operator=_LIFE,
        policies=("queue_one",),
    ),
    _SLOT._replace(
        name="queue one: a job that changes",
        quick=True,
        budget=Budget(operator=2),
        operator=_JOB,
        schedules=((1, 2), (1, 2)),
        policies=("queue_one",),
    ),
    _SLOT._replace(
        name="queue one: a job that changes, and a crash",
        budget=Budget(operator=2, crashes=1, sweeps=1),
        operator=("pause", "resume", "delete"),
        policies=("queue_one",),
    ),
    _SLOT._replace(
        name="queue one: a waiter that is put off",
        budget=Budget(operator=2, lost=1),
        operator=("cancel task", "pause task", "resume task"),
        policies=("queue_one",),
    ),
    _SLOT._replace(
        name="queue one: failures and continuations",
        quick=True,
        budget=Budget(failures=1, continuations=1, crashes=1),
        policies=("queue_one",),
    ),
    _SLOT._replace(
        name="replace: a zombie",
        budget=Budget(crashes=1, leases=1, sweeps=1),
        policies=("replace",),
        program="call",
    ),
    _SLOT._replace(
        name="replace: three slots",
        budget=Budget(leases=1, sweeps=1),
        policies=("replace",),
        schedules=_THREE,
        end=3,
        workers=3,
    ),
    _SLOT._replace(
        name="replace: lost replies",
        quick=True,
        budget=Budget(lost=2, doubled=1),
        policies=("replace",),
    ),
    _SLOT._replace(
        name="replace: failures and continuations",
        budget=Budget(failures=1, continuations=1, crashes=1),
        policies=("replace",),
    ),
    _SLOT._replace(
        name="replace: a job that changes",
        quick=True,
        budget=Budget(operator=2),
        operator=_JOB,
        schedules=((1, 2), (1, 2)),
        policies=("replace",),
    ),
    _SLOT._replace(
        name="replace: a job that changes, and a crash",
        budget=Budget(operator=2, crashes=1, sweeps=1),
        operator=("pause", "resume", "delete"),
        policies=("replace",),
        program="call",
    ),
    _SLOT._replace(
        name="replace: a holder that is put off",
        budget=Budget(operator=2, failures=1, lost=1),
        operator=("cancel task", "pause task", "resume task"),
        policies=("replace",),
    ),
    _SLOT._replace(
        name="replace: cancel and retry",
        budget=Budget(operator=2, leases=1, sweeps=1),
        operator=_LIFE,
        policies=("replace",),
    ),
)

POLICIES = (
    _SLOT._replace(
        name="policies: queue one to replace",
        budget=Budget(operator=1),
        operator=("repolicy",),
        policies=("queue_one", "replace"),
        schedules=_THREE,
        end=3,
        workers=3,
    ),
    _SLOT._replace(
        name="policies: queue one to forbid, and a crash",
        budget=Budget(operator=1, crashes=1, sweeps=1),
        operator=("repolicy",),
        policies=("queue_one", "forbid"),
        schedules=_THREE,
        end=3,
    ),
    _SLOT._replace(
        name="policies: replace to queue one, and a zombie",
        budget=Budget(operator=1, leases=1, sweeps=1),
        operator=("repolicy",),
        policies=("replace", "queue_one"),
        schedules=_THREE,
        end=3,
    ),
    _SLOT._replace(
        name="policies: all three",
        quick=True,
        budget=Budget(operator=2, lost=1),
        operator=("repolicy",),
        policies=("forbid", "queue_one", "replace"),
    ),
)


TASKS = (
    _PLAIN._replace(
        name="task: every fault once",
        quick=True,
        budget=Budget(crashes=1, leases=1, lost=1, doubled=1, dropped=1, sweeps=2),
    ),
    _PLAIN._replace(
        name="task: cancel",
        budget=Budget(crashes=1, leases=1, lost=1, sweeps=2, operator=2, continuations=1),
        operator=("cancel task",),
    ),
    _PLAIN._replace(
        name="task: operator",
        budget=Budget(leases=1, sweeps=1, operator=3, failures=1),
        operator=_TASK,
    ),
    _PLAIN._replace(
        name="task: operator and faults",
        budget=Budget(crashes=1, leases=1, lost=1, sweeps=1, operator=2, failures=1),
        operator=_TASK,
    ),
    _PLAIN._replace(
        name="task: expiry",
        budget=Budget(crashes=1, leases=1, lost=1, sweeps=2, expiries=1, operator=1),
        operator=_TASK,
    ),
    _PLAIN._replace(
        name="task: continuations",
        budget=Budget(
            crashes=1, leases=1, lost=1, doubled=1, sweeps=2, continuations=2, failures=1
        ),
    ),
    _PLAIN._replace(
        name="task: three attempts",
        budget=Budget(crashes=1, leases=2, sweeps=3, failures=2, lost=1),
        max_attempts=3,
    ),
    _PLAIN._replace(
        name="task: late looks", budget=Budget(leases=2, sweeps=3, oversleeps=2, doubled=1)
    ),
    _PLAIN._replace(
        name="task: three workers",
        budget=Budget(leases=2, sweeps=2, doubled=1, lost=1),
        workers=3,
        idempotent=True,
    ),
    _PLAIN._replace(
        name="task: poison",
        budget=Budget(crashes=1, leases=1, sweeps=2),
        poison=True,
        max_attempts=3,
    ),
)


FAMILIES = (
    _PARENT._replace(
        name="family: cancel", quick=True, budget=Budget(operator=1, continuations=1, sweeps=1)
    ),
    _PARENT._replace(
        name="family: cancel and faults",
        budget=Budget(operator=1, continuations=1, sweeps=1, crashes=1, leases=1),
    ),
    _PARENT._replace(
        name="family: cancel and lost replies",
        budget=Budget(operator=1, continuations=1, sweeps=1, lost=1, leases=1),
    ),
    _PARENT._replace(
        name="family: failures",
        budget=Budget(operator=1, failures=1, crashes=1, leases=1, sweeps=1),
    ),
)

LIMITS = (
    *(
        _SLOT._replace(
            name=f"limits: one run, {policy}",
            budget=Budget(crashes=1, leases=1, sweeps=1),
            policies=(policy,),
            max_runs=1,
        )
        for policy in ("forbid", "queue_one", "replace")
    ),
    _SLOT._replace(
        name="limits: two runs of three, replace",
        budget=Budget(leases=1),
        policies=("replace",),
        schedules=_THREE,
        end=3,
        workers=2,
        max_runs=2,
    ),
    _SLOT._replace(
        name="limits: a failure, then nothing",
        budget=Budget(failures=1, crashes=1, leases=1, sweeps=1),
        max_attempts=1,
        pause_after=1,
    ),
    _SLOT._replace(
        name="limits: a failure, then nothing, queue_one",
        quick=True,
        budget=Budget(failures=1, leases=1),
        policies=("queue_one",),
        max_attempts=1,
        pause_after=1,
    ),
)

ALL = (*TICKS, *SLOTS, *POLICIES, *LIMITS, *TASKS, *FAMILIES)
