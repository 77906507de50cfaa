from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import botocore.client
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from chalicelib.errors import Unavailable
from chalicelib.scheduler.store import TickRow
from chalicelib.tables import Cancelled, Refused
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("world")
_REAL = botocore.client.BaseClient._make_api_call


@contextmanager
def answering(failure: Callable[[str], Exception], times: int) -> Iterator[list[str]]:
    """Fail the first so many AWS calls."""
    made: list[str] = []

    def call(client: Any, operation: str, arguments: dict[str, Any]) -> Any:
        made.append(operation)
        if len(made) <= times:
            raise failure(operation)
        return _REAL(client, operation, arguments)

    with patch.object(botocore.client.BaseClient, "_make_api_call", call):
        yield made


def conflict(operation: str) -> Exception:
    error: Exception = ClientError({"Error": {"Code": "TransactionConflictException"}}, operation)
    return error


def cancelled_by_conflict(operation: str) -> Exception:
    reasons = [{"Code": "TransactionConflict"}, {"Code": "None"}]
    answer: Any = {
        "Error": {"Code": "TransactionCanceledException"},
        "CancellationReasons": reasons,
    }
    error: Exception = ClientError(answer, operation)
    return error


def throttled(operation: str) -> Exception:
    error: Exception = ClientError({"Error": {"Code": "ThrottlingException"}}, operation)
    return error


def unreachable(_operation: str) -> Exception:
    error: Exception = EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
    return error


def row(at: int = 1) -> TickRow:
    return TickRow("main#a", "b", at=at)


NEW = TickRow.pk.does_not_exist()


def test_a_refusal_hands_back_what_refused() -> None:
    row(at=7).put(NEW)

    with pytest.raises(Refused) as refused:
        row(at=8).put(NEW)

    assert refused.value.old.at == 7


def test_a_change_of_what_does_not_exist_is_refused_with_nothing() -> None:
    with pytest.raises(Refused) as refused:
        TickRow.change("main#a", "b", [TickRow.at.set(1)], TickRow.pk.exists())

    assert refused.value.old is None


def test_a_change_returns_the_whole_item() -> None:
    row(at=7).put(NEW)

    changed = TickRow.change("main#a", "b", [TickRow.at.set(8)], TickRow.at == 7)

    assert (changed.pk, changed.at) == ("main#a", 8)


def test_a_removal_whose_condition_holds_deletes_the_item() -> None:
    row(at=7).put(NEW)

    TickRow.remove("main#a", "b", TickRow.at == 7)

    assert TickRow.find("main#a", "b") is None


def test_a_refused_removal_hands_back_what_refused() -> None:
    row(at=7).put(NEW)

    with pytest.raises(Refused) as refused:
        TickRow.remove("main#a", "b", TickRow.at == 8)

    assert refused.value.old.at == 7
    assert TickRow.get("main#a", "b").at == 7


def test_removing_what_does_not_exist_is_success() -> None:
    row(at=7).put(NEW)

    for _ in range(2):
        TickRow.remove("main#a", "b", TickRow.at == 7)

    assert TickRow.find("main#a", "b") is None


def test_a_transaction_says_which_condition_failed() -> None:
    row(at=7).put(NEW)
    other = TickRow("main#a", "c", at=1)

    with pytest.raises(Cancelled) as cancelled:
        TickRow.transact(other.put_write(NEW), row().put_write(NEW))

    assert cancelled.value.refusals == [False, True]
    assert TickRow.find("main#a", "c") is None


def test_a_conflicting_transaction_is_contention_and_the_write_is_made_again() -> None:
    with answering(conflict, times=3) as made:
        row(at=7).put(NEW)

    assert made == ["PutItem"] * 4
    assert TickRow.get("main#a", "b").at == 7


def test_a_transaction_in_conflict_is_made_again() -> None:
    with answering(cancelled_by_conflict, times=2) as made:
        TickRow.transact(row(at=7).put_write(NEW))

    assert made == ["TransactWriteItems"] * 3


@pytest.mark.parametrize("failure", [conflict, cancelled_by_conflict, throttled, unreachable])
def test_a_write_that_never_succeeds_decides_nothing(failure: Callable[[str], Exception]) -> None:
    with answering(failure, times=99) as made, pytest.raises(Unavailable):
        TickRow.transact(row().put_write(NEW))

    assert len(made) <= 6
    assert TickRow.find("main#a", "b") is None


@pytest.mark.parametrize("failure", [throttled, unreachable])
def test_a_read_without_an_answer_is_not_an_absence(failure: Callable[[str], Exception]) -> None:
    with answering(failure, times=99), pytest.raises(Unavailable):
        TickRow.find("main#a", "b")


def test_a_query_without_an_answer_is_not_an_empty_one() -> None:
    with answering(unreachable, times=99), pytest.raises(Unavailable):
        list(TickRow.page("main#a"))


def test_lists_read_what_exists(world: World) -> None:
    del world
    row().put(NEW)

    found = list(TickRow.find_all([("main#a", "b"), ("main#a", "missing")]))

    assert [item.sk for item in found] == ["b"]
