"""The function set of Palyra, at a glance.

    api                 API Gateway       the HTTP API, and the first pages of the console
    cron_tick           every minute      hand over each slot that is due within the horizon
    sweep               every minute      send again, rescue or fail what nobody looked at in time
    journal_seal        every 5 minutes   vouch for the journal of every owner by one signature
    worker_high         SQS, high         carry out a task: claim, judge, authorize, run, end
    worker_normal       SQS, normal       the same, of the normal lane
    worker_low          SQS, low          the same, of the low lane, fewer at a time
    dead_letter_high    SQS, high-dlq     raise an incident for what no worker could take
    dead_letter_normal  SQS, normal-dlq   the same, of the normal lane
    dead_letter_low     SQS, low-dlq      the same, of the low lane
    node_issuer         the API, sweep    sign the certificates of nodes; no other function may

Each function is registered by a blueprint of `chalicelib/functions/`. Lambda imports a blueprint's
module and not this one: what a trigger needs around it is a decorator on the function itself.
"""

from chalice.app import Chalice

from chalicelib.functions.dead_letters import dead_letters
from chalicelib.functions.http.approvals import approvals
from chalicelib.functions.http.capabilities import capabilities
from chalicelib.functions.http.console import console
from chalicelib.functions.http.console_nodes import console_nodes
from chalicelib.functions.http.console_pairing import console_pairing
from chalicelib.functions.http.devices import devices
from chalicelib.functions.http.doctor import doctor
from chalicelib.functions.http.erasures import erasures
from chalicelib.functions.http.gate import gate
from chalicelib.functions.http.heartbeats import heartbeats
from chalicelib.functions.http.incidents import incidents
from chalicelib.functions.http.job_health import job_health
from chalicelib.functions.http.job_slots import job_slots
from chalicelib.functions.http.jobs import jobs
from chalicelib.functions.http.journal import journal
from chalicelib.functions.http.node_requests import node_requests
from chalicelib.functions.http.nodes import nodes
from chalicelib.functions.http.nodes_origin import for_nodes_alone
from chalicelib.functions.http.pairing import pairing
from chalicelib.functions.http.pairing_recovery import recovery
from chalicelib.functions.http.pairing_sessions import sessions
from chalicelib.functions.http.policies import policies
from chalicelib.functions.http.problem import as_problems
from chalicelib.functions.http.root import root
from chalicelib.functions.http.runs import runs
from chalicelib.functions.http.tasks import tasks
from chalicelib.functions.issuer import issuers
from chalicelib.functions.queues import queues
from chalicelib.functions.schedules import schedules
from chalicelib.functions.seals import seals
from chalicelib.functions.sweeps import sweeps

# Logs are the business of functions/observability.py, under the same name.
app = Chalice(app_name="palyra", configure_logs=False)
app.register_middleware(as_problems, "http")
app.register_middleware(for_nodes_alone(app.routes), "http")
for blueprint in (
    *(schedules, sweeps, seals, queues, dead_letters, approvals, issuers),
    *(root, gate, jobs, job_slots, job_health, runs, tasks, heartbeats),
    *(journal, erasures, policies, doctor, incidents),
    *(console, console_nodes, console_pairing),
    *(nodes, devices, capabilities, node_requests, pairing, sessions, recovery),
):
    app.register_blueprint(blueprint)
