"""Which room is handed what: one module for each group of functions, so that none imports more.

What would have to point upward between rooms is a registry filled here: kinds of tasks, their
conclusions, tools and health probes. Everything is made once per container, on first use; nothing
talks to AWS before it must.
"""
