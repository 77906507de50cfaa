"""How many tasks a task may hand on, and which of its children may run now."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.background.delegation import Limits, Wait, admit, places, refusal, stored
from chalicelib.background.task import Membership, State, Task, TaskRef
from tests.support.tasks import a_task

LIMITS = Limits(depth=3, children=8, descendants=16, concurrent=2, groups=2)
ROOT = a_task()
KEYS = st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=26, max_size=26)
GROUPS = st.text("abcXYZ019._-", min_size=1, max_size=8)


def child(sk: str, group: str = "", state: State = State.QUEUED, *, serial: bool = False) -> Task:
    return a_task(
        ref=TaskRef("main#P", sk), state=state, membership=Membership(group or sk, serial)
    )


class TestRefusal:
    @pytest.mark.parametrize(
        ("children", "descendants", "depth", "code"),
        [
            (0, 0, 1, None),
            (7, 15, 3, None),
            (0, 0, 4, "max_depth"),
            (8, 8, 1, "max_children_per_parent"),
            (1, 16, 2, "max_total_children"),
        ],
    )
    def test_names_the_limit_that_is_reached(
        self, children: int, descendants: int, depth: int, code: str | None
    ) -> None:
        parent, root = a_task(children=children), a_task(descendants=descendants)

        refused = refusal(parent, root, depth, LIMITS)

        assert (refused.code if refused else None) == code


class TestAdmission:
    def test_a_task_that_nobody_delegated_asks_for_nothing(self) -> None:
        assert admit(ROOT, a_task(busy="A:g"), [], LIMITS) == "A:g"

    def test_the_first_child_may_run(self) -> None:
        assert admit(child("A"), ROOT, [child("A")], LIMITS) == "A:A#0"

    def test_a_child_that_may_run_already_is_admitted_again(self) -> None:
        family = [child("A", state=State.RUNNING), child("B", state=State.RUNNING)]

        assert admit(family[0], a_task(busy="A:A#0,B:B#0"), family, LIMITS) == "A:A#0,B:B#0"

    def test_a_child_that_is_claimed_again_changes_what_is_stored(self) -> None:
        again = replace(child("A", state=State.RUNNING), token=7)

        assert admit(again, a_task(busy="A:A#3"), [again], LIMITS) == "A:A#7"

    def test_who_is_one_too_many_waits(self) -> None:
        family = [child(sk, "g", State.RUNNING) for sk in "ABC"]
        parent = a_task(busy="A:g,B:g")

        assert admit(family[2], parent, family, LIMITS) == Wait("max_concurrent_children")

    @pytest.mark.parametrize("state", [state for state in State if state.is_terminal])
    def test_who_ended_without_leaving_keeps_no_place(self, state: State) -> None:
        family = [child("A", "g", state), child("B", "g", State.RUNNING), child("C", "g")]

        assert admit(family[2], a_task(busy="A:g,B:g"), family, LIMITS) == "B:g,C:g#0"

    def test_who_is_gone_keeps_no_place(self) -> None:
        assert admit(child("C"), a_task(busy="A:g,B:g"), [child("C")], LIMITS) == "C:C#0"

    def test_a_further_group_waits(self) -> None:
        limits = LIMITS._replace(concurrent=3)
        family = [child(sk, sk.lower(), State.RUNNING) for sk in "ABC"]
        parent = a_task(busy="A:a,B:b")

        assert admit(family[2], parent, family, limits) == Wait("max_parallel_groups")

    def test_another_of_a_running_group_may_run(self) -> None:
        limits = LIMITS._replace(concurrent=3)
        family = [child("A", "a"), child("B", "b"), child("C", "a")]

        assert admit(family[2], a_task(busy="A:a,B:b"), family, limits) == "A:a,B:b,C:a#0"

    @pytest.mark.parametrize(
        ("earlier", "waits"),
        [
            (State.QUEUED, True),
            (State.RUNNING, True),
            (State.PAUSED, True),
            (State.SUCCEEDED, False),
            (State.FAILED, False),
        ],
    )
    def test_a_serial_child_waits_for_those_made_before_it(
        self, earlier: State, *, waits: bool
    ) -> None:
        family = [child("A", "flow", earlier, serial=True), child("B", "flow", serial=True)]

        admitted = admit(family[1], ROOT, family, LIMITS)

        assert admitted == (Wait("flow_dependency") if waits else "B:flow#0")

    def test_a_serial_child_waits_for_no_later_one_and_no_other_group(self) -> None:
        family = [child("A", "other"), child("B", "flow", serial=True), child("C", "flow")]

        assert admit(family[1], ROOT, family, LIMITS) == "B:flow#0"

    @given(st.data())
    def test_never_lets_more_run_than_may(self, data: st.DataObject) -> None:
        family = [child(sk, data.draw(st.sampled_from("ab c"))) for sk in "ABCDEF"]
        limits = LIMITS._replace(
            concurrent=data.draw(st.integers(1, 4)), groups=data.draw(st.integers(1, 4))
        )
        parent = ROOT
        for one in data.draw(st.permutations(family)):
            admitted = admit(one, parent, family, limits)
            if not isinstance(admitted, Wait):
                parent = a_task(busy=admitted)

        running = places(parent.busy)
        assert 1 <= len(running) <= limits.concurrent
        assert len(set(running.values())) <= limits.groups


@given(st.dictionaries(KEYS, GROUPS))
def test_places_are_read_as_they_were_stored(running: dict[str, str]) -> None:
    assert places(stored(running)) == running
