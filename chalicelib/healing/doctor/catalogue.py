"""The catalogue: every check, in the order in which they look. A room that comes adds its own.

A check's key says where its function is: `tables.schema` is `schema` of `checks/tables.py`. Here
are words alone, so that whoever lists them loads no room.
"""

from collections.abc import Collection

from chalicelib.errors import Invalid
from chalicelib.healing.doctor.check import Check
from chalicelib.incidents.kind import IncidentSeverity

_LOW, _MEDIUM = IncidentSeverity.LOW, IncidentSeverity.MEDIUM
_HIGH, _CRITICAL = IncidentSeverity.HIGH, IncidentSeverity.CRITICAL
_DEPLOY = "deploy the stage again: the stack of infra/template.yaml, then `chalice deploy`"

CHECKS: tuple[Check, ...] = (
    Check(
        key="settings.agree",
        severity=_HIGH,
        asks="Do all functions have the same settings?",
        means="Functions that disagree, as on a lease or a grace, undo each other's work.",
        fix="set the variables in .chalice/config.json for the whole stage, and deploy again",
    ),
    Check(
        key="settings.shards",
        severity=_CRITICAL,
        asks="Are all partitions of the sweep indexes that were ever used still looked at?",
        means="scheduler.shards was lowered: what stands in the higher partitions is never found.",
        fix="raise scheduler.shards to what it was, and deploy again",
    ),
    Check(
        key="tables.schema",
        severity=_CRITICAL,
        asks="Are all tables and indexes there, as the template has them?",
        means="Whatever reads or writes there fails, or finds nothing.",
        fix=_DEPLOY,
    ),
    Check(
        key="tables.recovery",
        severity=_HIGH,
        asks="Can every table be restored to any second?",
        means="What is deleted or overwritten by mistake is lost.",
        fix="aws dynamodb update-continuous-backups --table-name TABLE"
        " --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true",
    ),
    Check(
        key="tables.protection",
        severity=_HIGH,
        asks="Does every table refuse its deletion?",
        means="One wrong command deletes a table with all that it holds.",
        fix="aws dynamodb update-table --table-name TABLE --deletion-protection-enabled",
    ),
    Check(
        key="tables.expiry",
        severity=_MEDIUM,
        asks="Does what has expired leave the tables, and nothing else?",
        means="Rows are kept for ever, or rows that must stay are deleted.",
        fix="aws dynamodb update-time-to-live --table-name TABLE --time-to-live-specification"
        " AttributeName=ttl,Enabled=true; where the template has none, Enabled=false",
    ),
    Check(
        key="tables.encryption",
        severity=_MEDIUM,
        asks="Is every table encrypted under a key of this account?",
        means="It is encrypted under a key of AWS's own, whose use nobody here can see or refuse.",
        fix="aws dynamodb update-table --table-name TABLE --sse-specification Enabled=true",
    ),
    Check(
        key="queues.attributes",
        severity=_HIGH,
        asks="Are all queues there, as the template has them?",
        means="Messages are taken twice, die too early or too late, or are not kept when they do.",
        fix=_DEPLOY,
    ),
    Check(
        key="queues.dead_letters",
        severity=_HIGH,
        asks="Are there no dead letters that nobody took?",
        means="No worker could take a message, and the function that tells of it does not run.",
        fix="look at the logs of dead_letter_*; the sweep sends tasks again by itself",
    ),
    Check(
        key="queues.backlog",
        severity=_MEDIUM,
        asks="Do the lanes keep up?",
        means="More is sent than workers take: slots and tasks begin late.",
        fix="see what fills the lane (`palyra tasks list --lane LANE`), or raise its concurrency",
    ),
    Check(
        key="functions.deployed",
        severity=_CRITICAL,
        asks="Are all functions there, of one release and able to start?",
        means="A deploy broke off, or was undone in part: functions disagree on what rows mean.",
        fix="run `chalice deploy` again; its answer, or the function's logs, say what refused it",
    ),
    Check(
        key="functions.recursion",
        severity=_CRITICAL,
        asks="May every worker send to the lane that it reads?",
        means="Lambda's guard drops what has come back to the same worker about 16 times.",
        fix="run `python -m infra.recursion --stage STAGE`",
        mends="sets RecursiveLoop to Allow",
    ),
    Check(
        key="functions.policies",
        severity=_HIGH,
        asks="May every function do what its policy file says, and no more?",
        means="Somebody changed a role by hand, or a deploy broke off.",
        fix="run `chalice deploy` again, and find out who changed the role",
    ),
    Check(
        key="functions.concurrency",
        severity=_HIGH,
        asks="Is no function switched off or held back by its reserved concurrency?",
        means="A function of reserved concurrency 0 never starts; another is throttled.",
        fix="aws lambda delete-function-concurrency --function-name FUNCTION",
    ),
    Check(
        key="functions.triggers",
        severity=_CRITICAL,
        asks="Is every function called by its queue or schedule?",
        means="Nothing is handed over, carried out or looked after, although all else is well.",
        fix="enable the rule or the mapping, or run `chalice deploy` again",
        mends="enables a rule of EventBridge that is disabled",
    ),
    Check(
        key="functions.errors",
        severity=_HIGH,
        asks="Did no function fail in the last hour?",
        means="Lambda repeats what failed, and the sweep what was lost; but something is broken.",
        fix="look at the function's log group, /aws/lambda/FUNCTION",
    ),
    Check(
        key="scheduler.tick",
        severity=_CRITICAL,
        asks="Does the tick come every minute?",
        means="Nothing new is handed over; slots that are missed are ledgered when it comes again.",
        fix="look at functions.triggers and functions.errors, and at the logs of cron_tick",
    ),
    Check(
        key="scheduler.sweep",
        severity=_CRITICAL,
        asks="Does the sweep come every minute?",
        means="What a dead worker held, or a message that was lost, stays where it is.",
        fix="look at functions.triggers and functions.errors, and at the logs of sweep",
    ),
    Check(
        key="scheduler.slots",
        severity=_CRITICAL,
        asks="Was every slot that is due handed over?",
        means="Jobs do not run although it is their time.",
        fix="look at scheduler.tick; the tick hands over whatever is late when it comes again",
        mends="hands the slots over, as a tick does",
    ),
    Check(
        key="scheduler.jobs",
        severity=_MEDIUM,
        asks="Is no job paused for its failures, or because it cannot be read?",
        means="It does not run again before somebody looks at it.",
        fix="see why in its last runs, mend it, and resume it: `palyra jobs resume ID`",
    ),
    Check(
        key="scheduler.review",
        severity=_MEDIUM,
        asks="Does no missed slot wait for a decision?",
        means="Slots were missed for more than a day: nobody knows whether they are still wanted.",
        fix="`palyra jobs show ID`, then replay or dismiss them",
    ),
    Check(
        key="scheduler.tzdata",
        severity=_HIGH,
        asks="Are schedules computed with the time zones that this release is made for?",
        means="Slots are computed by other clock changes than the release was tested with.",
        fix="run `chalice deploy` again with the pinned requirements.txt",
    ),
    Check(
        key="work.overdue",
        severity=_HIGH,
        asks="Does the sweep look at open tasks in time?",
        means="The sweep does not run, or cannot look at some: messages that were lost stay lost.",
        fix="look at functions.triggers and functions.errors, and at the logs of sweep",
        mends="looks at them, as the sweep does",
    ),
    Check(
        key="work.leases",
        severity=_HIGH,
        asks="Is no task held by a worker that is dead?",
        means="A worker was killed, and nobody has taken its task over yet.",
        fix="look at work.overdue; the sweep rescues or fails them by itself",
        mends="rescues or fails them, as the sweep does",
    ),
    Check(
        key="work.locks",
        severity=_MEDIUM,
        asks="Is no job's lock left to a task that has ended?",
        means="A worker died between the two; the next slot of the job frees it.",
        fix="nothing: it frees itself; `palyra jobs run ID` does it at once",
    ),
    Check(
        key="work.heartbeats",
        severity=_MEDIUM,
        asks="Was everything that is at work heard of lately?",
        means="It hangs, or its worker died without a word.",
        fix="`palyra heartbeats`; work that hangs past its lease is taken over by itself",
        mends="clears those of work that has ended",
    ),
    Check(
        key="incidents.active",
        severity=_MEDIUM,
        asks="Is no incident active?",
        means="Something that was seen to be wrong is not known to be right again.",
        fix="each incident says what it means and what to do; docs/incidents.md has them all",
    ),
    Check(
        key="journal.chain",
        severity=_CRITICAL,
        asks="Are the newest events of the journal as they were written?",
        means="Somebody changed what may never change, or a table was restored.",
        fix="keep the table as it is, and run `palyra journal verify`",
    ),
    Check(
        key="journal.seals",
        severity=_HIGH,
        asks="Is the journal sealed in time, by the stage's key, with a copy in S3?",
        means="What happened since the last good seal is only as good as its chain.",
        fix="look at functions.triggers and functions.errors, and at the logs of journal_seal",
    ),
    Check(
        key="clocks.skew",
        severity=_MEDIUM,
        asks="Does this function's clock agree with AWS's, to five seconds?",
        means="Nothing is done twice or lost for that, but work is taken over too early or late.",
        fix="nothing on AWS: its clocks are disciplined; elsewhere let NTP set the machine's clock",
    ),
    Check(
        key="keys.usable",
        severity=_CRITICAL,
        asks="Are the stage's KMS keys there, enabled and not about to be deleted?",
        means="The journal cannot be sealed, or what is personal in it cannot be read any more.",
        fix="aws kms cancel-key-deletion or enable-key --key-id KEY, at once",
    ),
    Check(
        key="buckets.attributes",
        severity=_HIGH,
        asks="Are the buckets there, closed to the public, and versioned where they must be?",
        means="Large payloads or copies of seals cannot be kept, or others can read them.",
        fix=_DEPLOY,
    ),
    Check(
        key="policies.readable",
        severity=_CRITICAL,
        asks="Can the active policies be read, and are they as they were kept?",
        means="Everything that they would decide is refused.",
        fix="`palyra policies rollback`, or `palyra policies activate 0` for the defaults alone",
    ),
    Check(
        key="gate.open",
        severity=_LOW,
        asks="Is the gate open, or closed for less than an hour?",
        means="Somebody paused all work, and may have forgotten it.",
        fix="`palyra resume`, or `palyra resume --all`",
    ),
    Check(
        key="approvals.overdue",
        severity=_HIGH,
        asks="Are prompts ended in time, and is whoever waited told of each decision?",
        means="Work waits for a decision that was made, or that nobody can make any more.",
        fix="look at functions.triggers and functions.errors, and at the logs of sweep",
        mends="looks after the prompts that are due, as the sweep does",
    ),
    Check(
        key="nodes.authority",
        severity=_CRITICAL,
        asks="Is the authority of nodes there, with its own key, and no less than 90 days to live?",
        means="No certificate can be issued or renewed: within a day, no node is let in any more.",
        fix="put the key back behind its alias, or let another authority follow: `palyra authority"
        " prepare`, then `palyra authority switch`; see docs/certificates.md",
    ),
    Check(
        key="nodes.truststore",
        severity=_CRITICAL,
        asks="Does the front's truststore have the authorities that count, and no others?",
        means="The front turns nodes away, or lets strangers come to the second fence.",
        fix="the issuer writes it anew within five minutes: if it is still so then, look at the"
        " logs of sweep and node_issuer; find out who changed the object truststore.pem of the"
        " bucket trust; in AWS, let the domain name its newest version; see docs/certificates.md",
    ),
    Check(
        key="nodes.certificates",
        severity=_MEDIUM,
        asks="Does no certificate of a node end, or end soon, without another that follows?",
        means="The node does not run or does not reach the gateway, and has to be paired again.",
        fix="`palyra node status` on its machine; after its end `palyra node recover`, or pair"
        " it again; `palyra nodes revoke NODE` where it is gone",
    ),
    Check(
        key="nodes.suspended",
        severity=_CRITICAL,
        asks="Is no node suspended?",
        means="Two seem to hold keys of one device: it was copied, or was set back.",
        fix="find out who has a copy; `palyra nodes clear NODE` and pair it again, or"
        " `palyra nodes revoke NODE`",
    ),
    Check(
        key="nodes.pairings",
        severity=_MEDIUM,
        asks="Were pairing codes and requests ended when their time was over?",
        means="Secrets are kept that nobody can use any more; nobody is let in by them.",
        fix="look at functions.triggers and functions.errors, and at the logs of sweep",
        mends="ends them, as the sweep does",
    ),
    Check(
        key="nodes.requests",
        severity=_HIGH,
        asks="Was everything ended in time that nodes were asked and did not answer?",
        means="Runs wait for a node's answer that cannot come any more.",
        fix="look at functions.triggers and functions.errors, and at the logs of sweep",
        mends="ends them, as the sweep does",
    ),
    Check(
        key="ledger.consistent",
        severity=_CRITICAL,
        asks="Did every slot of the window happen once, with a row, and jobs run as they overlap?",
        means="A promise is broken: work was done twice, was lost, or ran beside itself.",
        fix="keep what is there, and report it with this run's evidence",
    ),
)
KEYS: tuple[str, ...] = tuple(each.key for each in CHECKS)
ROOMS: tuple[str, ...] = tuple(dict.fromkeys(each.room for each in CHECKS))


def chosen(only: Collection[str], skip: Collection[str]) -> tuple[Check, ...]:
    """Return the checks that are asked for.

    Args:
        only: keys or rooms; all where there are none.
        skip: keys or rooms that are left out.

    Raises:
        Invalid: there is no such check, or none is left.
    """
    for field, names in (("only", only), ("skip", skip)):
        for name in names:
            if name not in KEYS and name not in ROOMS:
                fix = f"use a key of /v1/doctor/checks, or one of: {', '.join(ROOMS)}"
                raise Invalid(f"there is no check {name!r:.80}", field=field, fix=fix)
    left = tuple(
        each for each in CHECKS if (not only or _is_named(each, only)) and not _is_named(each, skip)
    )
    if not left:
        raise Invalid("no check is left", field="skip", fix="skip fewer")
    return left


def _is_named(check: Check, names: Collection[str]) -> bool:
    return check.key in names or check.room in names
