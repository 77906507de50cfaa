from tests.functions.http.api import Api


def test_the_root_names_the_api_and_where_to_go_on(api: Api) -> None:
    reply = api.get("/", headers={"Authorization": ""})
    assert reply.status == 200
    assert reply.body == {
        "name": "palyra",
        "stage": "local",
        "links": {"jobs": "/v1/jobs", "health": "/healthz"},
    }


def test_the_links_of_the_root_lead_somewhere(api: Api) -> None:
    for path in api.get("/").body["links"].values():
        assert api.get(path).status == 200
