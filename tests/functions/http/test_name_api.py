from tests.functions.http.api import Api


def test_the_root_names_the_api_and_where_to_go_on(api: Api) -> None:
    reply = api.get("/v1", headers={"Authorization": ""})
    assert reply.status == 200
    assert reply.body == {
        "name": "palyra",
        "stage": "local",
        "links": {
            "approvals": "/v1/approvals",
            "description": "/v1/openapi.json",
            "gate": "/v1/gate",
            "health": "/healthz",
            "heartbeats": "/v1/heartbeats",
            "jobs": "/v1/jobs",
            "journal": "/v1/journal",
            "pairing": "/v1/pairing/requests",
            "policies": "/v1/policies",
            "routines": "/v1/routines",
            "runs": "/v1/runs",
            "settings": "/v1/settings",
            "status": "/v1/status",
            "tasks": "/v1/tasks",
        },
    }


def test_the_links_of_the_root_lead_somewhere(api: Api) -> None:
    for path in api.get("/v1").body["links"].values():
        assert api.get(path).status == 200
