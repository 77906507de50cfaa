"""The dispatch protocol as a program that is explored in full: a change of it starts here.

Read in this order: `state` (what there is), `rules` (what can be left out, and what it is for);
`tick`, `claim`, `lock`, `worker`, `ending`, `sweep`, `jobs`, `tasks`, `faults` (who does what, one
conditional write or one read a step), which `process` brings together; `step_invariants` and
`invariants` (what must always be true); `explore` and `completion` (how that is found out);
`configurations` and `traps` (within which bounds).
"""
