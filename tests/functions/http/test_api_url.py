"""Where the API is: what a QR code tells a device."""

from typing import Any

import pytest
from chalice.app import Request

from chalicelib.functions.http.api_url import api_url

ROUTE = "/v1/pairing/codes"


def _request(host: str, path: str) -> Request:
    event: dict[str, Any] = {
        "multiValueQueryStringParameters": None,
        "headers": {"Host": host},
        "pathParameters": {},
        "body": None,
        "isBase64Encoded": False,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": ROUTE,
            "httpMethod": "POST",
            "domainName": "fallback.example.com",
            "path": path,
        },
    }
    return Request(event, None)


@pytest.mark.parametrize(
    ("host", "path", "url"),
    [
        ("api.example.com", ROUTE, "https://api.example.com"),
        ("api.example.com", f"/palyra{ROUTE}", "https://api.example.com/palyra"),
        ("abc.execute-api.eu-central-1.amazonaws.com", f"/api{ROUTE}", None),
        # The local front has the API at its root; the emulator behind it has it below its stage.
        ("127.0.0.1:8400", f"/api{ROUTE}", "http://127.0.0.1:8400"),
        ("localhost:8400", f"/api{ROUTE}", "http://localhost:8400"),
        ("[::1]:8400", f"/api{ROUTE}", "http://[::1]:8400"),
        ("not a host", ROUTE, "https://fallback.example.com"),
    ],
)
def test_it_is_what_the_caller_used(host: str, path: str, url: str | None) -> None:
    assert api_url(_request(host, path), ROUTE) == (url or f"https://{host}/api")
