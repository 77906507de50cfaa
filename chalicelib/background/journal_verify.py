"""The kind of task that verifies an owner's journal."""

from dataclasses import dataclass, replace
from datetime import timedelta

from chalicelib.background import late
from chalicelib.background.kinds import Conclusion, Continuation, Ending, Stopped
from chalicelib.background.lease import Lease
from chalicelib.background.store import End, LostClaim
from chalicelib.background.task import State, Task
from chalicelib.clock import Clock
from chalicelib.journal.erasure.store import KeyStore
from chalicelib.journal.erasure.vouching import KeyVoucher
from chalicelib.journal.faults import Alarm, JournalFault
from chalicelib.journal.seals.copies import SealCopies
from chalicelib.journal.seals.signing import Signatures
from chalicelib.journal.seals.store import SealStore
from chalicelib.journal.store import JournalStore
from chalicelib.journal.verification.reading import Reading, Runs
from chalicelib.journal.verification.store import Verification, VerificationStore
from chalicelib.journal.verify import Progress, Verifier
from chalicelib.tables import Refused

KIND = late.JOURNAL_VERIFY
_STEP_EFFORT = 5_000
_STEP_LASTS = timedelta(seconds=60)
_DETAIL = (
    "Events or seals are not as they were written; see the verification of this task. Keep the "
    "table as it is, and compare it with a restored copy and with the seals in S3."
)


@dataclass(kw_only=True, eq=False, repr=False)
class JournalVerify:
    """Carries out verifications, step by step; another invocation goes on behind the last one.

    Attributes:
        step_effort: about how many events a step looks at.
    """

    journal: JournalStore
    seals: SealStore
    copies: SealCopies
    signatures: Signatures
    runs: Runs
    keys: KeyStore
    verifications: VerificationStore
    alarm: Alarm
    clock: Clock
    conclusion: Conclusion
    step_effort: int = _STEP_EFFORT

    def perform(self, task: Task, lease: Lease) -> Ending | Continuation:
        """Verify the journal of the task's owner.

        Raises:
            LostClaim: the task was taken away.
            Stopped: it was asked to stop.
            Unavailable: AWS did not answer.
        """
        verification = self._begun(task)
        progress = verification.progress
        verifier = Verifier(
            task.ref.owner, self._reading(task.ref.owner), self.signatures.valid, progress
        )
        while not progress.is_complete:
            if lease.must_stop_before(_STEP_LASTS):
                return Continuation(self.clock.now())
            with lease.step(_STEP_LASTS):
                verifier.advance(self.step_effort)
                self._keep(task, replace(verification, at=self.clock.now()))
            if lease.is_asked_to_stop():
                raise Stopped
        return self._end(task, progress)

    def _begun(self, task: Task) -> Verification:
        now = self.clock.now()
        kept = self.verifications.get(task.ref.owner, task.ref.id)
        return kept or Verification(task_id=task.ref.id, begun_at=now, at=now, progress=Progress())

    def _reading(self, owner: str) -> Reading:
        return Reading(
            owner=owner,
            journal=self.journal,
            seal_store=self.seals,
            seal_copies=self.copies,
            known_runs=self.runs,
            keys=KeyVoucher(owner=owner, store=self.keys, journal=self.journal),
        )

    def _keep(self, task: Task, verification: Verification) -> None:
        try:
            self.verifications.keep(task.ref.owner, verification, task.token)
        except Refused as refused:
            raise LostClaim from refused

    def _end(self, task: Task, progress: Progress) -> Ending:
        if progress.holds:
            return Ending(end=End(State.SUCCEEDED, task.outcome, ""))
        first, owner = progress.troubles[0], task.ref.owner
        self.alarm.tell(
            JournalFault(
                key=f"verify:{owner}",
                occurrence=task.ref.id,
                what=f"The journal of {owner} does not verify: {first.what}",
                detail=_DETAIL,
                is_broken=True,
                evidence={"stream": first.stream, "seq": str(first.seq), "task": task.ref.id},
            )
        )
        why = f"the journal does not verify: {progress.number} troubles, the first: {first.what}"
        return Ending(end=End(State.SUCCEEDED, task.outcome, why))
