from chalicelib.policy.request import SYSTEM_DAEMON_PRINCIPAL, Entity


def test_an_entity_is_named_by_type_and_id() -> None:
    assert Entity("Job", "J", {"owner": "main"}).uid == {"type": "Job", "id": "J"}


def test_the_scheduler_acts_as_the_daemon_of_the_system() -> None:
    assert SYSTEM_DAEMON_PRINCIPAL.uid == {"type": "System", "id": "daemon"}
