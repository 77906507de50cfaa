"""Shapes: what secrets look like, wherever they stand.

A shape begins with a literal, which is looked for as plain text; its pattern is compiled when that
is found for the first time in a process. Behind the literal a pattern takes one run of characters
after another and gives nothing back, so that no text is gone over more than once for each shape.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

from chalicelib.redaction.fields import is_placeholder
from chalicelib.redaction.looks import looks_random, looks_secret
from chalicelib.redaction.patterns import compiled
from chalicelib.redaction.span import Span
from chalicelib.redaction.words import long_words, may_hold

_WORD = "[A-Za-z0-9]"
_JOINED = "[A-Za-z0-9_-]"
_FEWEST_UNBROKEN = 32


class Shape(NamedTuple):
    """A shape of secrets.

    Attributes:
        kind: the class.
        begins: the literals that one may begin with, split by spaces.
        rest: the pattern of what follows; its group, if it has one, is the secret.
        guard: characters that must not stand before it.
        before: how many characters before the literal belong to it.
        check: which of what matches is one, by the name of the check.
    """

    kind: str
    begins: tuple[str, ...]
    rest: str
    guard: str = _WORD
    before: int = 0
    check: str = ""


def _shape(
    kind: str, begins: str, rest: str, *, guard: str = _WORD, before: int = 0, check: str = ""
) -> Shape:
    return Shape(kind, tuple(begins.split()), rest, guard, before, check)


# Each in one word, of at least 14 characters.
TOKENS = (
    _shape("aws-access-key", "AKIA ASIA ABIA ACCA", r"[A-Z2-7]{16}(?![A-Za-z0-9])"),
    _shape("aws-session-token", "FwoGZXIvYXdz IQoJb3JpZ2lu", r"[A-Za-z0-9/+]{20,}+={0,2}"),
    _shape("aws-bedrock-key", "ABSK", r"[A-Za-z0-9+/]{80,}+={0,2}"),
    _shape("github-token", "ghp_ gho_ ghu_ ghs_ ghr_", r"[A-Za-z0-9]{16,}+"),
    _shape("github-token", "github_pat_", r"[A-Za-z0-9_]{16,}+"),
    _shape(
        "gitlab-token",
        "glpat- glptt- gldt- glrt- glcbt- glft- glimt- glagent- glsoat- gloas- GR1348941",
        r"[A-Za-z0-9_.-]{16,}+",
    ),
    _shape(
        "slack-token",
        "xoxa- xoxb- xoxe- xoxe.xox xoxo- xoxp- xoxr- xoxs- xapp-",
        r"[A-Za-z0-9-]{10,}+",
    ),
    _shape(
        "slack-webhook",
        "hooks.slack.com/services/ hooks.slack.com/workflows/ hooks.slack.com/triggers/",
        r"([A-Za-z0-9/_+-]{16,}+)",
        guard="",
    ),
    _shape("stripe-key", "sk_live_ sk_test_ rk_live_ rk_test_", r"[A-Za-z0-9]{10,}+"),
    _shape("webhook-secret", "whsec_", r"[A-Za-z0-9+/_-]{16,}+={0,2}"),
    _shape("google-api-key", "AIza", r"[A-Za-z0-9_-]{30,}+", guard=_JOINED),
    _shape("google-oauth", "ya29. GOCSPX-", r"[A-Za-z0-9_.-]{16,}+"),
    _shape("google-oauth", "1//0", r"[A-Za-z0-9_-]{30,}+"),
    _shape("anthropic-key", "sk-ant-", r"[A-Za-z0-9_-]{16,}+", guard=_JOINED),
    _shape(
        "openai-key",
        "sk-proj- sk-svcacct- sk-admin- sk-or-",
        r"[A-Za-z0-9_-]{20,}+",
        guard=_JOINED,
        check="random",
    ),
    _shape("openai-key", "sk-", r"[A-Za-z0-9_-]{20,}+", guard=_JOINED, check="unbroken"),
    _shape("groq-key", "gsk_", r"[A-Za-z0-9]{30,}+"),
    _shape("perplexity-key", "pplx-", r"[A-Za-z0-9]{30,}+"),
    _shape("xai-key", "xai-", r"[A-Za-z0-9]{40,}+"),
    _shape("replicate-token", "r8_", r"[A-Za-z0-9]{30,}+"),
    _shape("huggingface-token", "hf_ api_org_", r"[A-Za-z0-9]{26,}+"),
    _shape(
        "jwt",
        "eyJ",
        r"[A-Za-z0-9_-]{8,}+\.(?:[A-Za-z0-9_-]{8,}+|(?=\.))(?:\.[A-Za-z0-9_-]*+){0,3}+",
        guard=_JOINED,
    ),
    _shape("npm-token", "npm_", r"[A-Za-z0-9]{26,}+"),
    _shape("pypi-token", "pypi-AgE", r"[A-Za-z0-9_-]{16,}+"),
    _shape("rubygems-key", "rubygems_", r"[0-9a-f]{40,}+"),
    _shape("docker-token", "dckr_pat_ dckr_oat_", r"[A-Za-z0-9_-]{16,}+"),
    _shape("sendgrid-key", "SG.", r"[A-Za-z0-9_-]{16,}+\.[A-Za-z0-9_-]{16,}+"),
    _shape("mailgun-key", "key-", r"[0-9a-f]{32}(?![A-Za-z0-9])", guard=_JOINED),
    _shape(
        "mailchimp-key",
        "-us",
        r"(?<=[0-9a-f]{32}-us)[0-9]{1,2}(?![A-Za-z0-9])",
        guard="",
        before=32,
    ),
    _shape("twilio-key", "SK", r"[0-9a-f]{32}(?![A-Za-z0-9])"),
    _shape("telegram-token", ":AA", r"(?<=[0-9]{8}:AA)[A-Za-z0-9_-]{30,}+", guard="", before=8),
    _shape(
        "discord-webhook",
        "discord.com/api/webhooks/ discordapp.com/api/webhooks/",
        r"[0-9]{8,24}/([A-Za-z0-9_-]{30,}+)",
        guard="",
    ),
    _shape(
        "azure-secret",
        "8Q~ 7Q~",
        r"(?<=[A-Za-z0-9_~.-]{3}[78]Q~)[A-Za-z0-9_~.-]{30,}+",
        guard="",
        before=3,
    ),
    _shape("digitalocean-token", "dop_v1_ doo_v1_ dor_v1_", r"[0-9a-f]{32,}+"),
    _shape("shopify-token", "shpat_ shpca_ shppa_ shpss_", r"[A-Fa-f0-9]{24,}+"),
    _shape("square-token", "sq0atp- sq0csp-", r"[A-Za-z0-9_-]{20,}+"),
    _shape("linear-key", "lin_api_ lin_oauth_", r"[A-Za-z0-9]{24,}+"),
    _shape("notion-token", "ntn_ secret_", r"[A-Za-z0-9]{40,}+"),
    _shape("databricks-token", "dapi", r"[0-9a-f]{32}(?![a-z0-9])"),
    _shape("vault-token", "hvs. hvb. hvr.", r"[A-Za-z0-9_-]{20,}+"),
    _shape(
        "terraform-token",
        ".atlasv1.",
        r"(?<=[A-Za-z0-9]{14}\.atlasv1\.)[A-Za-z0-9_-]{40,}+",
        guard="",
        before=14,
    ),
    _shape("doppler-token", "dp.pt. dp.st. dp.sa. dp.ct.", r"[A-Za-z0-9._-]{24,}+"),
    _shape("grafana-token", "glsa_ glc_", r"[A-Za-z0-9_+/=-]{24,}+"),
    _shape("newrelic-key", "NRAK- NRJS- NRRA-", r"[A-Za-z0-9]{20,}+"),
    _shape("postman-key", "PMAK-", r"[A-Za-z0-9-]{30,}+"),
    _shape("figma-token", "figd_", r"[A-Za-z0-9_-]{20,}+"),
    _shape("atlassian-token", "ATATT3 ATCTT3", r"[A-Za-z0-9_=-]{24,}+"),
    _shape("sentry-token", "sntrys_ sntryu_", r"[A-Za-z0-9_=+/-]{24,}+"),
    _shape("supabase-token", "sbp_", r"[0-9a-f]{32,}+"),
    _shape("planetscale-token", "pscale_tkn_ pscale_pw_ pscale_oauth_", r"[A-Za-z0-9_.-]{20,}+"),
    _shape("age-key", "AGE-SECRET-KEY-1", r"[0-9A-Z]{20,}+"),
    _shape("pairing-qr", "gwpair:1?", r"[A-Za-z0-9_.~%&=+:/-]{16,}+", guard=""),
    _shape("palyra-token", "palyra_", r"[a-z][a-z0-9-]{0,31}_[A-Za-z0-9_-]{20,}+", guard=_JOINED),
    _shape("private-key", "b3BlbnNzaC1rZXktdjE", r"[A-Za-z0-9+/=]{20,}+", guard=""),
    _shape(
        "private-key",
        "IBADANBgkqhkiG9w0BAQEFAASC MIIEpAIBAAKC MIIEowIBAAKC",
        r"[A-Za-z0-9+/=]{20,}+",
        guard="",
    ),
    _shape("password-hash", "$2a$ $2b$ $2y$", r"[0-9]{2}\$[A-Za-z0-9./]{40,}+", guard=""),
    _shape("password-hash", "$argon2i$ $argon2id$ $argon2d$", r"[A-Za-z0-9=,$+/]{30,}+", guard=""),
    _shape("password-hash", "$5$ $6$ $y$", r"[A-Za-z0-9./$=]{30,}+", guard=""),
)
# Over several words, or short.
PHRASES = (
    _shape(
        "aws-secret",
        "AKIA ASIA",
        r"[A-Z2-7]{16}[\s:,;|\"'/]{1,8}+([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])",
    ),
    _shape(
        "private-key", "Private-Lines:", r"\s{0,4}[0-9]{1,4}((?:\s{1,4}+[A-Za-z0-9+/=]{16,}+)++)"
    ),
    _shape(
        "url-userinfo",
        "://",
        r"[^\s/?#:@\"'<>]{0,128}+:"
        r"([^\s/?#@\"'<>]{1,256}+(?:@[^\s/?#@\"'<>]{1,256}+(?=@))*+)@",
        guard="",
        check="real",
    ),
    _shape("url-userinfo", "://", r"([A-Za-z0-9]{20,256}+)@", guard="", check="random"),
    _shape(
        "sas",
        "SAS",
        r"(?:[ \t](?:code|number))?+[ \t:#=]{1,3}+([0-9]{3}[ -]?[0-9]{1,5})(?![0-9A-Za-z])",
    ),
    _shape(
        "pin",
        "PIN",
        r"(?:[ \t](?:code|number))?+[ \t:#=]{1,3}+([0-9]{3}[ -]?[0-9]{1,5})(?![0-9A-Za-z])",
    ),
    _shape(
        "otp",
        "OTP",
        r"(?:[ \t](?:code|number))?+[ \t:#=]{1,3}+([0-9]{3}[ -]?[0-9]{1,5})(?![0-9A-Za-z])",
    ),
    _shape(
        "command-line",
        "--password --passwd --passphrase --token --secret --api-key",
        r"[ \t]{1,4}[\"']?+([^\s\"']{4,}+)",
        check="secret",
    ),
    _shape(
        "command-line",
        "sshpass",
        r"[ \t]{1,4}-p[ \t]{0,4}[\"']?+([^\s\"']{4,}+)",
        check="real",
    ),
    _shape(
        "command-line",
        "-u --user",
        r"[ \t]{1,4}[\"']?+[^\s:\"'@/]{1,64}+:([^\s\"']{4,}+)",
        guard=r"\S",
        check="secret",
    ),
)
# A key in DER begins with its length.
_UNBROKEN = ("MII", *(begin for shape in TOKENS for begin in shape.begins if begin.isalnum()))
# The same in any case: looked for in the text in lower case.
FOLDED = (
    _shape(
        "bearer-token",
        "bearer",
        r"[ \t]{1,4}(?:token[ \t]{1,4})?+([a-z0-9._~+/=-]{12,}+)",
        check="random",
    ),
    _shape("basic-auth", "basic", r"[ \t]{1,4}([a-z0-9+/_-]{8,}+={0,2})", check="pair"),
    _shape(
        "password",
        "login",
        r"\s{1,4}[^\s]{1,128}+\s{1,4}password\s{1,4}([^\s]{1,256}+)",
        check="real",
    ),
    _shape(
        "password",
        "identified",
        r"\s{1,4}by\s{1,4}(?:password\s{1,4})?+[\"']([^\"'\n]{1,256}+)",
        check="real",
    ),
)


def found(text: str, lowered: str) -> Iterator[Span]:
    """Yield where a text holds what has the shape of a secret.

    Args:
        text: the text.
        lowered: the same in lower case, of the same length.
    """
    words = "\n".join(word for word in long_words(text) if may_hold(word, _UNBROKEN))
    for shapes, asked, searched in (
        (TOKENS, words, text),
        (PHRASES, text, text),
        (FOLDED, lowered, lowered),
    ):
        for shape in shapes:
            for begin in shape.begins:
                if begin in asked:
                    yield from _matches(shape, begin, text, searched)


def _matches(shape: Shape, begin: str, text: str, searched: str) -> Iterator[Span]:
    check = _CHECKS.get(shape.check)
    for match in compiled(_pattern(begin, shape.guard, shape.rest)).finditer(searched):
        start, end = match.span(match.lastindex or 0)
        if check is None or check(text[start:end]):
            yield Span(start - shape.before, end, shape.kind)


@cache
def _pattern(begin: str, guard: str, rest: str) -> str:
    # The literal stands first, since what is searched for begins with it.
    literal = re.escape(begin)
    return f"{literal}(?<!{guard}{literal}){rest}" if guard else literal + rest


def _is_unbroken(text: str) -> bool:
    """Return whether what begins with `sk-` is a key, and not the name of a style or locale."""
    body = text.removeprefix("sk-")
    return looks_random(body) and ("-" not in body or len(body) >= _FEWEST_UNBROKEN)


def _is_pair(text: str) -> bool:
    """Return whether this is `user:password` in Base64."""
    from chalicelib.redaction.encoded import decoded_base64  # noqa: PLC0415 - it looks for shapes

    name, colon, _ = decoded_base64(text).decode("latin-1").partition(":")
    return bool(colon) and name.isprintable() and name.isascii()


def _is_real(text: str) -> bool:
    return not is_placeholder(text)


_CHECKS: dict[str, Callable[[str], bool]] = {
    "random": looks_random,
    "unbroken": _is_unbroken,
    "pair": _is_pair,
    "secret": looks_secret,
    "real": _is_real,
}
