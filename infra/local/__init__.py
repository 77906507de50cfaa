"""The local cloud: everything that Palyra needs of AWS, on one machine.

`up` starts the MiniStack emulator on a state folder, makes the stack from `infra/template.yaml`
there, runs the unmodified `chalice deploy`, and puts one clean HTTP origin before the API. What AWS
has and MiniStack lacks is bridged in `bridges`, never in `chalicelib`. Everything listens on
loopback only. With EMULATOR=localstack, what runs at the endpoint is used instead: nothing is
started, bridged, saved or ended. Clients of either are made by `clients.py`.

Read `up.py` first: it is the order of things. `place.py` says where the files are.
"""
