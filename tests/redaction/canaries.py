"""Canaries: a secret of each kind, made of parts, so that no file holds what looks like one.

Each stands in the text in which it would be met, and has what must never be seen of it.
"""

import base64
import json
import random
import string
from typing import NamedTuple
from urllib.parse import quote

_WORD = string.ascii_letters + string.digits
_UPPER = string.ascii_uppercase + "234567"
_HEX = "0123456789abcdef"
_JOINED = _WORD + "-_"
_BASE64 = _WORD + "+/"


class Canary(NamedTuple):
    """A secret in its usual place.

    Attributes:
        text: what is said.
        secret: what of it must not get out.
    """

    kind: str
    text: str
    secret: str

    @property
    def forms(self) -> list[str]:
        """Return the text as it stands, and as it is met inside other things."""
        encoded = base64.b64encode(self.text.encode()).decode()
        return [
            self.text,
            f"data:text/plain;base64,{encoded}",
            f"https://example.com/?q={quote(self.text, safe='')}",
            json.dumps({"note": self.text}),
        ]


def canaries() -> list[Canary]:
    """Return 50 and more, the same at each call."""
    made = [Canary(kind, text.format(s=secret), secret) for kind, text, secret in _kinds()]
    return [*made, *_keys(), *_spelled()]


def _some(alphabet: str, length: int, seed: str) -> str:
    chance = random.Random(seed)
    # A digit among them, as in any that are made by chance.
    return "7" + "".join(chance.choice(alphabet) for _ in range(length - 1))


def _kinds() -> list[tuple[str, str, str]]:
    return [
        ("aws-access-key", "{s}", "AK" + "IA" + _some(_UPPER, 16, "a")),
        ("aws-temporary-key", "key {s} expired", "AS" + "IA" + _some(_UPPER, 16, "b")),
        ("aws-secret", "aws_secret_access_key = {s}", _some(_BASE64, 40, "c")),
        ("aws-session-token", "{s}", "IQoJb3Jp" + "Z2lu" + _some(_BASE64, 120, "d")),
        ("github-classic", "clone with {s} please", "gh" + "p_" + _some(_WORD, 36, "e")),
        ("github-app", "{s}", "gh" + "s_" + _some(_WORD, 36, "f")),
        ("github-fine-grained", "{s}", "github" + "_pat_" + _some(_WORD, 82, "g")),
        ("gitlab", "{s}", "gl" + "pat-" + _some(_JOINED, 20, "h")),
        ("slack-bot", "posting as {s}", "xo" + "xb-" + "123456789012-" + _some(_WORD, 24, "i")),
        (
            "slack-webhook",
            "https://hooks.slack.com/services/{s}",
            "T0AAAAAAA/B0BBBBBBB/" + _some(_WORD, 24, "j"),
        ),
        ("stripe", "{s}", "sk" + "_live_" + _some(_WORD, 24, "k")),
        ("stripe-webhook", "{s}", "wh" + "sec_" + _some(_WORD, 32, "l")),
        ("google-api", "?key={s}", "AI" + "za" + _some(_JOINED, 35, "m")),
        ("google-oauth", "{s}", "ya" + "29." + _some(_JOINED, 60, "n")),
        ("openai", "{s}", "sk" + "-proj-" + _some(_WORD, 48, "o")),
        ("openai-classic", "{s}", "sk" + "-" + _some(_WORD, 48, "p")),
        ("anthropic", "{s}", "sk" + "-ant-api03-" + _some(_JOINED, 80, "q")),
        ("groq", "{s}", "gs" + "k_" + _some(_WORD, 52, "r")),
        ("hugging-face", "{s}", "h" + "f_" + _some(_WORD, 34, "s")),
        ("npm", "//registry.example.com/:_authToken={s}", "np" + "m_" + _some(_WORD, 36, "t")),
        ("pypi", "{s}", "py" + "pi-AgEIcHlwaS5vcmc" + _some(_JOINED, 80, "u")),
        ("docker", "{s}", "dckr" + "_pat_" + _some(_JOINED, 27, "v")),
        (
            "sendgrid",
            "{s}",
            "S" + "G." + _some(_JOINED, 22, "w") + "." + _some(_JOINED, 43, "x"),
        ),
        ("mailgun", "{s}", "key" + "-" + _some(_HEX, 32, "y")),
        ("mailchimp", "{s}", _some(_HEX, 32, "z") + "-us" + "12"),
        ("twilio", "{s}", "S" + "K" + _some(_HEX, 32, "0")),
        ("telegram", "{s}", "7123456789:" + "AA" + _some(_JOINED, 33, "1")),
        (
            "azure-storage",
            "DefaultEndpointsProtocol=https;AccountName=a;AccountKey={s};X=y",
            _some(_BASE64, 86, "2") + "==",
        ),
        ("azure-sas", "https://a.blob.core.windows.net/c?sv=2024&sig={s}", _some(_WORD, 43, "3")),
        ("azure-client-secret", "{s}", "abc" + "8Q" + "~" + _some(_JOINED, 34, "4")),
        ("digitalocean", "{s}", "do" + "p_v1_" + _some(_HEX, 64, "5")),
        ("shopify", "{s}", "shp" + "at_" + _some(_HEX, 32, "6")),
        ("databricks", "{s}", "da" + "pi" + _some(_HEX, 32, "7")),
        ("vault", "{s}", "hv" + "s." + _some(_JOINED, 90, "8")),
        (
            "terraform-cloud",
            "{s}",
            _some(_WORD, 14, "9") + ".atlas" + "v1." + _some(_JOINED, 67, "10"),
        ),
        ("grafana", "{s}", "gl" + "sa_" + _some(_WORD, 41, "11")),
        ("pairing-qr", "scan {s} now", "gw" + "pair:1?c=K7QM&s=" + _some(_JOINED, 43, "qr")),
        ("notion", "{s}", "nt" + "n_" + _some(_WORD, 46, "12")),
        ("linear", "{s}", "lin" + "_api_" + _some(_WORD, 40, "13")),
        ("palyra", "token {s}", "palyra" + "_main_" + _some(_JOINED, 43, "14")),
        ("url-userinfo", "https://deploy:{s}@git.example.com/repo.git", _some(_WORD, 20, "15")),
        ("postgres", "postgresql://app:{s}@db.internal:5432/app?sslmode=require", "pA55!w0rd*x"),
        ("redis", "redis://:{s}@cache:6379/0", _some(_WORD, 18, "16")),
        ("odbc", "Server=db;Database=app;User Id=sa;Password={s};Encrypt=true", "Str0ngPassw0rd"),
        ("bearer", "sent Authorization: Bearer {s} to it", _some(_JOINED, 40, "17")),
        ("set-cookie", "Set-Cookie: sid={s}; Path=/; HttpOnly", _some(_WORD, 32, "18")),
        (
            "json-password",
            'the body was {{"user": "ann", "password": "{s}"}}',
            "correct horse battery",
        ),
        ("yaml-api-key", "api_key: {s}", _some(_WORD, 24, "19")),
        ("environment", "DB_PASSWORD={s}", "hunter2-hunter2"),
        ("pin", "the pairing PIN is {s}", "482915"),
        ("sas", "SAS {s} shown on the node", "730 164"),
        ("curl", "curl -u ann:{s} https://example.com", "s3cr3t-pa55"),
        ("password-hash", "{s}", "$2" + "b$12$" + _some(_WORD, 53, "20")),
        ("age", "{s}", "AGE-SECRET" + "-KEY-1" + _some(_UPPER, 58, "21")),
    ]


def _keys() -> list[Canary]:
    body = "\n".join(_some(_BASE64, 64, f"line {number}") for number in range(4))
    return [
        Canary(f"pem-{label.lower().replace(' ', '-')}", _pem(label, body), body.splitlines()[1])
        for label in ("RSA PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY", "PRIVATE KEY")
    ]


def _pem(label: str, body: str) -> str:
    return f"-----BEGIN {label}-----\n{body}\n-----END {label}-----"


def _spelled() -> list[Canary]:
    parts = [base64.urlsafe_b64encode(part).decode().rstrip("=") for part in _claims()]
    signature = _some(_JOINED, 43, "22")
    pair = base64.b64encode(b"ann:hunter2-hunter2").decode()
    return [
        Canary("jwt", ".".join([*parts, signature]), signature),
        Canary("basic", f"Authorization: Basic {pair}", pair),
    ]


def _claims() -> tuple[bytes, bytes]:
    return b'{"alg":"HS256","typ":"JWT"}', b'{"sub":"1234567890","name":"Ann"}'
