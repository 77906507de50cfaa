"""Texts that are made to take long: the beginning of every pattern over and over, and no end."""

from collections.abc import Iterator

from chalicelib.redaction import assignments, shapes


def texts(size: int) -> Iterator[tuple[str, str]]:
    """Yield a name and a text of about a size, for every pattern there is and some more."""
    for name, part in _parts():
        yield name, (part * (size // len(part) + 1))[:size]


def _parts() -> Iterator[tuple[str, str]]:
    for shape in (*shapes.TOKENS, *shapes.PHRASES, *shapes.FOLDED):
        # The others differ in their literal alone.
        begin = shape.begins[0]
        yield f"{shape.kind} {begin} again and again", begin
        yield f"{shape.kind} {begin} apart", f"{begin} "
        yield f"{shape.kind} {begin} nearly", f"{begin}aB3defg.hijk:lmn-"
    for stem in assignments._STEMS:
        yield f"{stem} again and again", stem
        yield f"{stem} in open braces", f'"{stem}":{{"'
        yield f"{stem} in open quotes", f'"{stem}":"\\'
        yield f"{stem} given", f"{stem}=aB3!efg "
    yield from {
        "keys without an end": "-----BEGIN PRIVATE KEY-----\nMIIE",
        "keys with ends far away": "-----BEGIN PRIVATE KEY-----" * 9 + "-----END",
        "base64": "QUJDRGVmZ2hpamtsbW5vcA",
        "base64 of secrets": "cGFzc3dvcmQ9aHVudGVyMg==, ",
        "percent": "%41%3D",
        "percent of secrets": "password%3Dhunter2%20",
        "open brackets": "[",
        "open braces": '{"a":',
        "backslashes": "\\",
        "quotes": '"',
        "escaped quotes": '\\"token\\":\\"',
        "ats": "://a:b@",
        "closed quotes": "password='a b' ",
        "elements": "<token>aB3",
        "options": "--token ",
        "cookies": "cookie: a=b; ",
        "secrets": "password=hunter2 ",
        "words": "the quick brown fox ",
        "nothing": "a",
        "spaces": " ",
    }.items()
