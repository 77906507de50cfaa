"""The operations of the API, and what kind of thing each is asked about: as the schema has them."""

from collections.abc import Mapping

from chalicelib.policy.request import Entity, Question, Role

RESOURCES: Mapping[str, str] = {
    "acknowledge_incident": "Incident",
    "activate_policies": "Policy",
    "approve_pairing_request": "Node",
    "backfill_job": "Job",
    "cancel_invocation": "Node",
    "cancel_task": "Task",
    "change_gate": "Owner",
    "change_job": "Job",
    "clear_node": "Node",
    "count_journal_days": "Journal",
    "create_job": "Owner",
    "create_policies": "Policy",
    "create_task": "Owner",
    "decide_approval": "Approval",
    "delete_job": "Job",
    "dry_run_policies": "Policy",
    "erase_subject": "Journal",
    "examine": "Owner",
    "explain_policies": "Policy",
    "export_journal": "Journal",
    "fix_by_doctor": "Owner",
    "get_active_policies": "Policy",
    "get_approval": "Approval",
    "get_examination": "Owner",
    "get_gate": "Owner",
    "get_incident": "Incident",
    "get_invocation": "Node",
    "get_job": "Job",
    "get_job_health": "Job",
    "get_journal_entry": "Journal",
    "get_journal_export": "Journal",
    "get_journal_verification": "Journal",
    "get_node": "Node",
    "get_node_authority": "Owner",
    "get_pairing_request": "Node",
    "get_policies": "Policy",
    "get_run": "Run",
    "get_status": "Owner",
    "get_task": "Task",
    "grant_capability": "Node",
    "invoke_node": "Node",
    "list_approvals": "Owner",
    "list_checks": "Owner",
    "list_erasures": "Journal",
    "list_examinations": "Owner",
    "list_firings": "Job",
    "list_heartbeats": "Owner",
    "list_incidents": "Owner",
    "list_invocations": "Node",
    "list_jobs": "Owner",
    "list_journal_verifications": "Journal",
    "list_node_capabilities": "Node",
    "list_node_certificates": "Node",
    "list_nodes": "Owner",
    "list_pairing_codes": "Owner",
    "list_pairing_requests": "Owner",
    "list_policies": "Policy",
    "list_runs": "Owner",
    "list_settings": "Owner",
    "list_tasks": "Owner",
    "mint_pairing_code": "Owner",
    "pause_job": "Job",
    "pause_task": "Task",
    "plan_remediation": "Incident",
    "prepare_node_authority": "Owner",
    "preview_job": "Job",
    "reject_pairing_request": "Node",
    "remediate_incident": "Incident",
    "resolve_incident": "Incident",
    "resume_job": "Job",
    "resume_task": "Task",
    "retry_task": "Task",
    "review_job": "Job",
    "revoke_capability": "Node",
    "revoke_node": "Node",
    "revoke_pairing_code": "Node",
    "roll_back_policies": "Policy",
    "rotate_node": "Node",
    "run_job": "Job",
    "search_journal": "Journal",
    "switch_node_authority": "Owner",
    "undo_by_doctor": "Owner",
    "validate_policies": "Policy",
    "verify_journal": "Journal",
}
_PRINCIPALS = {"token": "Token", "operator": "Operator"}


def operation(owner: str, actor: str, role: Role, action: str, names: str = "") -> Question:
    """Return whether an actor may make a request of the API.

    Args:
        owner: the workspace that it is made in, and that all it can reach belongs to.
        actor: who makes it, as `token:laptop`.
        role: what that is.
        action: the operation's name.
        names: what it names by its path; the owner where it names nothing.
    """
    kind, _, name = actor.partition(":")
    theirs = {"owner": owner}
    return Question(
        Entity(_PRINCIPALS.get(kind, "Token"), name, theirs, role),
        action,
        Entity(RESOURCES.get(action, "Owner"), names or owner, theirs),
        theirs,
    )
