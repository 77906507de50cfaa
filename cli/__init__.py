"""The `palyra` command: what operators do from a terminal. It is a client of the HTTP API."""
