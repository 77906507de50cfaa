"""What AWS has, Palyra needs and MiniStack lacks: one module each.

Each has a test in `tests/infra` that fails, and says so, when MiniStack no longer needs the bridge.
"""
