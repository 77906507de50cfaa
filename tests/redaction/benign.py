"""1,000 strings without a secret, of which many look as if they had one.

They are what an orchestrator of agents sees all day: ids and digests, code and settings that speak
of secrets, prose about them, placeholders of documentation, addresses, images and log lines.
"""

import base64
import hashlib
import random
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

_CHANCE = random.Random(20261122)
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_NOUNS = (
    *("scheduler", "worker", "sweep", "journal", "tick", "lease", "queue"),
    *("token", "secret", "password", "cookie", "key", "pin"),
)
_PLACES = (
    *("the lane", "the table", "a header", "the front", "a test", "the vault", "an item"),
    "its row",
)

_PROSE = (
    "The {a} hands its {b} to {p} once, and whoever holds the {b} may go on.",
    "A {a} must have at least {n} characters; choose a {b} that nobody guesses.",
    "Rotate the {a} every {n} days: the {b} is read from {p}.",
    "Authorization: every call of the {a} is authorized on its own, whatever its {b}.",
    "Password: what an operator types to open {p}; see the {a} of chapter {n}.",
    "The token: a number that is raised by each claim ({n} here), never sent to {p}.",
    "If the cookie is missing, the {a} answers 401 and {p} stays closed.",
    "Basic understanding of the {a} is enough; bearer tokens are explained in {p}.",
    "Pin {n} pages, sign in again, and look for {a}: there should be {n} of them.",
    "secret = something that only the {a} and the {b} know",
)
_CODE = (
    "token = parse(header.removeprefix('{a} '))  # of {p}",
    "def {a}_{b}(token: Token, secret: bytes | None = None) -> str:",
    "password = getpass.getpass(prompt)",
    "const token = await {a}.getToken({{ scope: '{b}' }});",
    'secret := os.Getenv("{a}")',
    "api_key=settings.{a}.api_key, timeout={n}",
    "if token != self.token or secret is None: raise Denied(f'{{token!r:.{n}}}')",
    "client = Client(token=token, password=args.password, key={a}_key)",
    "TOKEN=$(cat {a}.txt) && PASSWORD=${{{b}}} make {a}",
    "self.assertEqual(token_count, {n}); self.max_tokens = {n}",
    "SELECT token_id, secret_name FROM {a} WHERE pin_count > {n};",
    'raise Invalid(field="token", fix="use at most {n} tokens")',
    "tokens: list[str] = [token for token in {a}.split() if token != '{b}']",
    "Authorization: Bearer <{a}>",
    "curl -H 'Authorization: Bearer $TOKEN' -u $USER:$PASSWORD http://localhost:{n}/",
    "docker run -u {n}:{n} -p {n}:80 --name {a} {b}:latest",
)
_DOCUMENTS = (
    '{{"max_tokens": {n}, "token_count": {n}, "model": "{a}-{n}"}}',
    '{{"token": {n}, "state": "running", "kind": "{a}"}}',
    '{{"next_token": "{u}", "items": []}}',
    '{{"secret_arn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:{a}-{b}"}}',
    '{{"password": null, "secret": "", "pin": {d}, "has_token": true}}',
    '{{"token": "vault://main/{a}", "password": "${{{b}}}"}}',
    '{{"id": "{u}", "sha256": "{s}", "size": {n}}}',
    "api_key_id: {a}-{b}\ntoken_ttl: {n}\ncookie_name: {a}",
    "password_policy:\n  length: {n}\n  secret_rotation: {n}d",
)
_URLS = (
    "https://{a}.example.com:{n}/{b}/{u}?page={n}&sort=name#token",
    "http://localhost:{n}/v1/jobs/{u}/firings?limit={n}&cursor={u}",
    "git@github.com:{a}/{b}.git",
    "mailto:{a}@{b}.example.com?subject=secret%20{n}",
    "arn:aws:dynamodb:eu-west-1:123456789012:table/palyra-local-{a}/index/{b}",
    "s3://palyra-{a}-{n}/main/{u}/{s}.json",
    "postgresql://localhost:5432/{a}?sslmode=require",
    "ssh://git@{a}.example.com:{n}/{b}",
    "https://example.com/{a}%20{b}/{n}%2F{n}?q=what%20is%20a%20token%3F",
    "registry.example.com/{a}@sha256:{s}",
)
_NAMES = (
    "task-{a}-{b}-{n}",
    "sk-{a}-{b}-wrapper-container-{a}",
    "risk-{a}-assessment-of-{b}-{n}",
    "palyra_{a}",
    "palyra-local-{a}-{b}",
    "xoxb-{a}",
    "key-{a}-{b}-{n}",
    "npm_config_{a}_{b}",
    "ghp_{a}",
    "hf_{a}_{b}",
    "pypi-{a}-{b}-publish",
    "whsec_{a}",
    "eyJ.{a}.{b}",
    "secret_{a}_{b}_of_{a}",
    "AKIA-{a}",
    "SG.{a}.{b}",
)
_LINES = (
    "2026-11-22T12:00:00Z INFO worker token={d} claim={d} the task {u} was taken away",
    'level=info msg="token refreshed" user={a} ttl={n}s next_token=none',
    'ERROR {a}: password authentication failed for user "{b}" (attempt {n})',
    "WARN secret {a}/{b} not found; key {a} is missing from {p}",
    "tick: fired={n} skipped={d} lag=1.{n}s shard=3 run={u}-000001795348800",
    "Traceback: KeyError: 'token' in {a}.py line {n}, in {b}",
    "GET /v1/tasks/{u} 200 {n}ms sha={g}",
    "commit {h}\nAuthor: {a} <{a}@example.com>\n\n    Rename the {b} to {a}",
)


def benign() -> list[str]:
    """Return 1,000 different strings, the same at each call."""
    _CHANCE.seed(20261122)
    strings = list(dict.fromkeys(islice(_all(), 4000)))[:1000]
    assert len(strings) == 1000
    return strings


def _all() -> Iterator[str]:
    while True:
        for templates in (_PROSE, _CODE, _DOCUMENTS, _URLS, _NAMES, _LINES):
            for template in templates:
                yield template.format(**_parts())
        for make in _MADE:
            yield make()


def _parts() -> dict[str, object]:
    return {
        "a": _CHANCE.choice(_NOUNS),
        "b": _CHANCE.choice(_NOUNS),
        "p": _CHANCE.choice(_PLACES),
        "n": _CHANCE.randrange(12, 9000),
        "d": _CHANCE.randrange(1, 99),
        "u": _ulid(),
        "s": _digest().hex(),
        "h": _digest().hex()[:40],
        "g": _digest().hex()[:7],
    }


def _digest() -> bytes:
    return hashlib.sha256(_CHANCE.randbytes(16)).digest()


def _ulid() -> str:
    return "01" + "".join(_CHANCE.choice(_CROCKFORD) for _ in range(24))


def _image() -> str:
    body = base64.b64encode(b"\x89PNG\r\n\x1a\n" + _CHANCE.randbytes(_CHANCE.randrange(60, 900)))
    return f"data:image/png;base64,{body.decode()}"


def _note() -> str:
    text = f"The {_CHANCE.choice(_NOUNS)} of {_CHANCE.choice(_PLACES)} is kept {_CHANCE.random()}"
    return base64.b64encode(text.encode()).decode()


def _public_key() -> str:
    body = base64.b64encode(_CHANCE.randbytes(90)).decode()
    return f"-----BEGIN PUBLIC KEY-----\n{body[:64]}\n{body[64:]}\n-----END PUBLIC KEY-----"


def _instant() -> str:
    instant = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=_CHANCE.randrange(10**7))
    return f"{instant.isoformat()} {instant:%H:%M} pin=now token={instant:%Y%m%d}"


_MADE: tuple[Callable[[], str], ...] = (
    _ulid,
    lambda: f"{_ulid()}-{_CHANCE.randrange(10**12):012}",
    lambda: _digest().hex(),
    lambda: f"sha256:{_digest().hex()}",
    lambda: f"index {_digest().hex()[:7]}..{_digest().hex()[:7]} 100644",
    lambda: str(uuid.UUID(bytes=_CHANCE.randbytes(16))),
    lambda: f"sha512-{base64.b64encode(_digest() + _digest()).decode()}",
    lambda: f"ssh-ed25519 {base64.b64encode(_CHANCE.randbytes(51)).decode()} ann@laptop",
    _image,
    _note,
    _public_key,
    _instant,
    lambda: base64.b64encode(_CHANCE.randbytes(_CHANCE.randrange(24, 300))).decode(),
    lambda: base64.urlsafe_b64encode(_CHANCE.randbytes(32)).decode(),
    lambda: f"$ {_CHANCE.randrange(10**6):,} paid, ref {_CHANCE.randrange(10**15)}",
    lambda: f"pin numpy=={_CHANCE.randrange(9)}.{_CHANCE.randrange(30)}.{_CHANCE.randrange(9)}",
)
