"""What each class of functions may do, and why: the one place where permissions are said.

    python -m infra.permissions                  write the policy files of all stages
    python -m infra.permissions --stage team7    the same, and those of a stage that is new

Every action here is made by a test, or is Lambda's in the function's name; every action that a test
makes is here. A role reaches the resources of its own stage alone.
"""

import argparse
import sys
from collections.abc import Mapping

from infra import policy_files
from infra.grants import (
    API,
    FunctionClass,
    functions,
    index,
    key,
    listing,
    mappings,
    metrics,
    objects,
    queues,
    roles,
    rules,
    table,
    tables,
)

_LANES = ("high", "normal", "low")
_DEAD = tuple(f"{lane}-dlq" for lane in _LANES)
_POLLED = {
    "ReceiveMessage": "Lambda's poller takes the messages of a function",
    "DeleteMessage": "Lambda's poller deletes the messages of a function",
}

CLASSES: Mapping[str, FunctionClass] = {
    "api": FunctionClass(
        functions=(API,),
        grants=(
            table("access", GetItem="know who calls by the token's hash"),
            table(
                "policies",
                GetItem="know what decides; show a version",
                PutItem="keep a version; let it decide",
                Query="list the versions of an owner's policies",
            ),
            table(
                "jobs",
                BatchGetItem="show the jobs of a page; read a job whole before it is changed",
                DeleteItem="forget when a paused job would have resumed",
                GetItem="show a job; find one's own effect after a lost reply",
                PutItem="make a job; note when a paused one resumes",
                UpdateItem="change a job; hand its slots over; free its lock",
            ),
            index("listed", of="jobs", Query="list an owner's jobs in order"),
            index("due", of="jobs", Query="say what is due and what comes next (status)"),
            table(
                "work",
                BatchGetItem="show the runs of a page as their tasks stand",
                GetItem="show a task; see its state before it is moved",
                PutItem="make a task; ledger a job's slots",
                Query="list tasks and firings; find a task's children",
                UpdateItem="pause, resume, retry or cancel a task",
            ),
            index("open", of="work", Query="say how many runs are under way (status)"),
            table(
                "runs",
                BatchGetItem="show the runs of a page",
                GetItem="show a run; see whether a cancelled task had one",
                PutItem="end the run of a task that is cancelled",
                Query="show a run's steps",
                UpdateItem="end the run of a task that is cancelled",
            ),
            index("recent", of="runs", Query="list an owner's runs in order"),
            table(
                "nodes",
                BatchGetItem="hold a certificate against its authority, its device and itself",
                ConditionCheckItem="hand nothing to a node that was thrown out meanwhile",
                DeleteItem="take the grant of a capability back",
                GetItem="show a node; know who this gateway is",
                PutItem="change a node; let a renewal be asked for",
                Query="list the nodes of an owner, and the certificates of one",
                UpdateItem="let a certificate count; revoke one and deny its key",
            ),
            functions(
                "NodeIssuer", "node_issuer", InvokeFunction="have a node's certificate signed"
            ),
            table(
                "heartbeats",
                DeleteItem="clear what is silent, where an operator remedies that",
                GetItem="see whether it is still silent",
                PutItem="note that a node is there",
                Query="show and count who is at work",
            ),
            table(
                "approvals",
                BatchGetItem="show the approvals of a page",
                GetItem="show an approval; see whether it is decided",
                PutItem="let what was approved stand for a run or a routine",
                UpdateItem="decide an approval; put it away",
            ),
            index("listed", of="approvals", Query="list an owner's approvals"),
            table(
                "incidents",
                BatchGetItem="show the incidents of a page",
                GetItem="show an incident; find the one of a task that no function knew",
                PutItem="note what was done about it",
                Query="show its history; count what was resolved (status)",
                UpdateItem="count what an operator resolves",
            ),
            index("active", of="incidents", Query="list and count what is wrong"),
            index("listed", of="incidents", Query="list an owner's incidents in order"),
            table(
                "journal",
                GetItem="show an entry",
                PutItem="write down what an operator did",
                Query="search it; find its end",
            ),
            table(
                "system",
                BatchGetItem="read the keys of what is personal on a page of the journal",
                GetItem="know a repeated request by its key; say when the last tick was",
                PutItem="keep what a request has made, and the key of what is personal of it",
                Query="list the verifications of a journal, and what was erased",
            ),
            key(
                "personal",
                Decrypt="open what is personal in the journal",
                GenerateDataKey="make the key of what is personal of a job or task",
            ),
            objects(
                "payloads",
                GetObject="say what an export holds; sign the link to it",
                PutObject="keep a payload that is too large for a row",
            ),
            objects("seals", GetObject="show events that were moved"),
            queues(
                "Lanes",
                *_LANES,
                GetQueueUrl="find a lane",
                GetQueueAttributes="say how much waits (status)",
                SendMessage="wake a worker for what was made or resumed",
            ),
        ),
    ),
    "tick": FunctionClass(
        functions=("cron_tick",),
        grants=(
            table(
                "jobs",
                DeleteItem="forget when a paused job has resumed",
                GetItem="see a job before it resumes, or is paused for what it is",
                UpdateItem="move a job on to its next slot; resume it, pause it",
            ),
            index("due", of="jobs", Query="find the jobs that are due"),
            table(
                "work",
                GetItem="see what was ledgered of a job that resumes",
                PutItem="ledger a slot; that is its task too",
            ),
            table(
                "incidents",
                GetItem="see whether there is one of the same job",
                PutItem="raise one for a job that cannot be scheduled",
                UpdateItem="count it once more; open it again",
            ),
            table(
                "system",
                GetItem="see whether the gate is open, and when the last tick was",
                PutItem="enter the first stream of the system's journal",
                UpdateItem="note when the last tick was",
            ),
            table(
                "journal",
                PutItem="mark a gap in which nobody ticked, and what became of a job by itself",
                Query="find the journal's end",
            ),
            queues(
                "NormalLane",
                "normal",
                GetQueueUrl="find the lane",
                SendMessage="wake a worker at the slot's instant",
            ),
        ),
    ),
    "sweep": FunctionClass(
        functions=("sweep",),
        grants=(
            table(
                "work",
                GetItem="see a task as it is, not as an index says",
                PutItem="ledger the last slots of a job that has made all its runs",
                Query="find the children of a task that has ended",
                UpdateItem="note a message sent again; fail, expire or cancel a task",
            ),
            index("open", of="work", Query="find what nobody looked at in time"),
            table(
                "nodes",
                GetItem="see a pairing or a certificate as it is, not as an index says",
                PutItem="end what a node was asked, in time",
                Query="know all authorities that count",
                UpdateItem="end a pairing in time, and delete its secrets; note a told end",
            ),
            index("expiring", of="nodes", Query="find pairings and certificates that end"),
            objects("trust", GetObject="see whether the front trusts who counts, and nobody else"),
            # Not for workers, on which others' words come to act: who may invoke it can ask it to
            # sign, too.
            functions("NodeIssuer", "node_issuer", InvokeFunction="have the truststore put right"),
            table(
                "jobs",
                GetItem="see a job before it is completed, or paused for its failures",
                UpdateItem="free the job of a slot that has ended; complete, pause or resume it",
            ),
            index("due", of="jobs", Query="find the slots that no tick has handed over"),
            table(
                "runs",
                GetItem="see whether a task that has ended had a run",
                PutItem="end its run",
                UpdateItem="end its run",
            ),
            table(
                "approvals",
                GetItem="see whether an approval is decided, and who waits for it",
                UpdateItem="end one whose time is over; put it away",
            ),
            index("pending", of="approvals", Query="find what somebody must look at"),
            table(
                "heartbeats",
                DeleteItem="clear what a dead worker left",
                GetItem="see whether it is still silent",
            ),
            index("stale", of="heartbeats", Query="find the silent"),
            table(
                "incidents",
                BatchGetItem="look after those that are not resolved",
                GetItem="see whether there is one of the same thing",
                PutItem="raise one for what is wrong; note what is done about it",
                UpdateItem="count what is resolved, or opened again",
            ),
            index("active", of="incidents", Scan="find those that are not resolved, and no others"),
            table(
                "journal",
                PutItem="write down how a task ended",
                Query="find its end; see when the last seal was",
            ),
            table(
                "system",
                GetItem="see whether the gate is open, and when the last tick and sweep were",
                PutItem="enter a stream of the journal",
                UpdateItem="note when the last sweep was",
            ),
            queues(
                "Lanes",
                *_LANES,
                GetQueueUrl="find a lane",
                GetQueueAttributes="see whether a message may only be waiting its turn",
                SendMessage="send what was lost again",
            ),
        ),
    ),
    "seal": FunctionClass(
        functions=("journal_seal",),
        grants=(
            table(
                "system",
                GetItem="see whether it is time to move what is old",
                Query="know all streams",
                UpdateItem="take a turn at moving what is old",
            ),
            table(
                "journal",
                BatchGetItem="see that what was sealed is still the same",
                DeleteItem="delete what was moved to S3, sealed and signed",
                PutItem="put a seal, or the tombstone of what is moved",
                Query="find the last seal, where streams end, and what is old",
            ),
            table(
                "incidents",
                GetItem="see whether there is one of the same thing",
                PutItem="raise one where the journal is broken; end the one of late seals",
                UpdateItem="count it once more; end the one of late seals",
            ),
            listing("seals", ListBucket="see which seals were copied"),
            objects(
                "seals",
                GetObject="read what was moved back before it is deleted",
                PutObject="copy a seal; move old events",
            ),
            key("seal", GetPublicKey="check the last seal", Sign="sign the next one"),
        ),
    ),
    "issuer": FunctionClass(
        functions=("node_issuer",),
        grants=(
            table(
                "nodes",
                GetItem="know the authority, the device, and what was issued before",
                PutItem="keep a certificate, its key and the device that it is offered",
                Query="know all authorities that count",
                UpdateItem="use up a renewal's nonce; revoke an offer; retire an authority",
            ),
            table(
                "journal",
                PutItem="write down that a certificate was issued",
                Query="find the journal's end",
            ),
            table("system", PutItem="enter a stream of the journal"),
            table(
                "incidents",
                GetItem="see whether there is one of issuing already",
                PutItem="raise one where certificates cannot be issued",
                UpdateItem="open it again",
            ),
            objects(
                "trust",
                GetObject="see which authorities the front trusts",
                PutObject="tell the front of another authority",
            ),
            key("nodes-a", GetPublicKey="name the authority", Sign="sign a certificate"),
            key("nodes-b", GetPublicKey="name the next authority", Sign="sign a certificate"),
        ),
    ),
    "worker": FunctionClass(
        functions=tuple(f"worker_{lane}" for lane in _LANES),
        grants=(
            table(
                "work",
                BatchGetItem="look at open tasks that nobody looked at (doctor)",
                GetItem="see the task that a message points to",
                PutItem="make the tasks that follow one",
                Query="find children, and the tasks that follow",
                UpdateItem="claim, renew, put back and end a task",
            ),
            index("open", of="work", Query="say how much work is open (system.health)"),
            table(
                "jobs",
                GetItem="judge a slot by its job as it is now",
                UpdateItem="hold and free the job's lock; erase what was asked of it",
            ),
            index("due", of="jobs", Query="say what is due (system.health, doctor)"),
            index("listed", of="jobs", Query="look at an owner's jobs (doctor)"),
            table(
                "runs",
                BatchGetItem="see when runs were opened (doctor)",
                DeleteItem="erase the steps of a run",
                GetItem="see a run that was begun before",
                PutItem="begin a run; keep its steps",
                Query="go on where a dead worker stopped",
                UpdateItem="end a run",
            ),
            table(
                "approvals",
                GetItem="see whether a call was approved, or stands approved",
                PutItem="ask for an approval",
                UpdateItem="end one whose time is over; erase what it says",
            ),
            index("pending", of="approvals", Query="find what nobody looked at (doctor)"),
            table("policies", GetItem="know what decides about runs and tools"),
            table(
                "nodes",
                ConditionCheckItem="ask nothing of a node that was thrown out meanwhile",
                DeleteItem="erase what a run asked of a node",
                GetItem="see what a node can and may do, and what it answered (node.invoke)",
                PutItem="ask a node to do something (node.invoke)",
                Query="find what a run asked that is to be erased; look at nodes (doctor)",
                UpdateItem="tell the node of it (node.invoke); erase what was written on a node",
            ),
            index("expiring", of="nodes", Query="find what nobody ended in time (doctor)"),
            listing(
                "trust",
                GetBucketPublicAccessBlock="see whether it is closed (doctor)",
                GetBucketVersioning="see whether it keeps versions (doctor)",
            ),
            objects("trust", GetObject="see which authorities the front trusts (doctor)"),
            key(
                "nodes-a",
                DescribeKey="see whether it is enabled (doctor)",
                GetPublicKey="hold it against the authority (doctor)",
            ),
            key("nodes-b", GetPublicKey="hold it against the authority (doctor)"),
            table(
                "heartbeats",
                DeleteItem="be no longer at work",
                GetItem="see whether it is still silent (doctor)",
                PutItem="say that it is at work",
            ),
            index("stale", of="heartbeats", Query="find the silent (doctor)"),
            index("active", of="incidents", Query="list what is wrong (doctor)"),
            table(
                "incidents",
                BatchGetItem="read what is wrong (doctor)",
                GetItem="see whether there is one of the same thing",
                PutItem="raise one for an unknown kind, or a chain too deep",
                Query="find why operators resolved one, to erase it",
                UpdateItem="count it once more; open it again; erase why it was resolved",
            ),
            table(
                "journal",
                GetItem="see that it says of a key that it was erased",
                PutItem="write down how a run ended",
                Query="find its end; search, export and verify it",
            ),
            table(
                "system",
                GetItem="see whether the gate is open, and when the last tick was (system.health)",
                PutItem="enter a stream of the journal; keep how far a verification is",
                UpdateItem="erase the key of what is personal of a job or task",
            ),
            listing(
                "seals",
                GetBucketPublicAccessBlock="see whether it is closed (doctor)",
                GetBucketVersioning="see whether it keeps versions (doctor)",
                ListBucket="hold seals against their copies",
            ),
            objects("seals", GetObject="search, export and verify events that were moved"),
            key(
                "seal",
                DescribeKey="see whether it is enabled (doctor)",
                GetPublicKey="check the signatures of seals",
            ),
            key("personal", DescribeKey="see whether it is enabled (doctor)"),
            listing(
                "payloads",
                GetBucketPublicAccessBlock="see whether it is closed (doctor)",
                GetBucketVersioning="see whether it keeps versions (doctor)",
                ListBucket="find the payloads that are to be erased",
            ),
            objects(
                "payloads",
                DeleteObject="erase the payloads of a job or task",
                GetObject="read a payload too large for a row; go on with an export",
                PutObject="keep that of a task that follows; write an export",
            ),
            queues(
                "Lanes",
                *_LANES,
                GetQueueUrl="find a lane",
                GetQueueAttributes="say how much waits (system.health); Lambda's poller asks too",
                SendMessage="try again, go on, or start what follows",
                **_POLLED,
            ),
            queues(
                "DeadLetters",
                *_DEAD,
                GetQueueUrl="find the dead letters of a lane (doctor)",
                GetQueueAttributes="see whether any wait (doctor)",
            ),
            # What the doctor may ask of AWS itself. What it may change of it does no harm: workers
            # that call themselves and schedules that are enabled are what a stage is made of.
            tables(
                DescribeContinuousBackups="see whether tables can be restored (doctor)",
                DescribeTable="hold tables against the template (doctor)",
                DescribeTimeToLive="see whether items expire (doctor)",
            ),
            functions(
                "Functions",
                "*",
                GetFunctionConcurrency="see whether one is held back (doctor)",
                GetFunctionConfiguration="see whether all are of one release (doctor)",
            ),
            functions(
                "Workers",
                "worker_*",
                GetFunctionRecursionConfig="see whether the guard is off (doctor)",
                PutFunctionRecursionConfig="switch the guard off, or back (doctor)",
            ),
            mappings(ListEventSourceMappings="see whether queues call functions (doctor)"),
            rules(
                DescribeRule="see whether schedules call functions (doctor)",
                EnableRule="let a schedule call its function again (doctor)",
            ),
            roles(GetRolePolicy="hold roles against their policy files (doctor)"),
            metrics(GetMetricData="count failures of functions (doctor)"),
        ),
    ),
    "dead-letter": FunctionClass(
        functions=tuple(f"dead_letter_{lane}" for lane in _LANES),
        grants=(
            table("work", GetItem="see whether the letter's task is still open"),
            table(
                "incidents",
                GetItem="see whether there is one of the same letter",
                PutItem="raise one for a letter",
                UpdateItem="count it once more; open it again",
            ),
            queues(
                "DeadLetters",
                *_DEAD,
                GetQueueAttributes="Lambda's poller looks how many messages wait",
                **_POLLED,
            ),
        ),
    ),
}


def main() -> int:
    """Write the files of all stages; an error is one line on the terminal."""
    parser = argparse.ArgumentParser(
        prog="infra.permissions", description="policy files and their places in config.json"
    )
    parser.add_argument("--stage", help="a stage to be added, or one that is there already")
    stage = parser.parse_args().stage
    if stage and not policy_files.is_stage(stage):
        print("error: use 2 to 16 lower-case letters and digits, a letter first", file=sys.stderr)
        return 1
    stages = list(dict.fromkeys([*policy_files.stages(), *([stage] if stage else [])]))
    for path in policy_files.write(policy_files.files(CLASSES, stages)):
        print(f"  .chalice/{path}")
    print(f"the policies of {', '.join(stages)} are current")
    return 0


if __name__ == "__main__":
    sys.exit(main())
