"""The kinds of value that a setting can have, and what each of them refuses."""

import re
from collections.abc import Collection, Mapping
from typing import NamedTuple, Protocol

from chalicelib.errors import Invalid

type Value = int | str | None

# Patterns, compiled when they are first used: most containers use none.
_DIGITS = r"[0-9]{1,18}"  # More than any range allows, and too few to be slow.
_CRON_FIELD = r"[0-9A-Za-z*,/#-]+"
_CRON = rf"{_CRON_FIELD}(?:[ \t]+{_CRON_FIELD}){{4}}"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = rf"(?:{_LABEL}\.)+(?![0-9]+$){_LABEL}"
_LONGEST_DOMAIN = 253
_OUR_ZONE = "utc"
_THIS_ZONE = "local"  # What schedules call the setting itself by.
_LONGEST_CRON = 128
_NEAR = 0.6
_LONGEST_NAME = 80


class Unfit(ValueError):
    """The value is none of this kind; the message says what to do."""


class Kind(Protocol):
    """What values a setting takes."""

    @property
    def range(self) -> str:
        """The values it takes, in words."""

    def of_text(self, text: str) -> Value:
        """Return the value that a variable's text stands for.

        Raises:
            Unfit: it stands for none.
        """

    def of_toml(self, value: object) -> Value:
        """Return the value that stands in a TOML file.

        Raises:
            Unfit: it is of another type, or outside the range.
        """


class WholeNumber(NamedTuple):
    """A whole number in an inclusive range."""

    lowest: int
    highest: int

    @property
    def range(self) -> str:
        """Both ends."""
        return f"{self.lowest} to {self.highest}"

    def of_text(self, text: str) -> int:
        """Read ASCII digits, without a sign or spaces."""
        return self._within(int(text)) if re.fullmatch(_DIGITS, text) else self._refuse()

    def of_toml(self, value: object) -> int:
        """Take an integer; in Python, not in TOML, a boolean is one too."""
        if isinstance(value, int) and not isinstance(value, bool):
            return self._within(value)
        return self._refuse(", without quotes" if isinstance(value, str) else "")

    def _within(self, number: int) -> int:
        return number if self.lowest <= number <= self.highest else self._refuse()

    def _refuse(self, more: str = "") -> int:
        raise Unfit(f"use a whole number from {self.lowest} to {self.highest}{more}")


class Switch:
    """On or off: `true` or `false`."""

    range = "`true` or `false`"
    _FIX = "use true or false"
    _TEXTS: Mapping[str, bool] = {"true": True, "false": False}

    def of_text(self, text: str) -> bool:
        """Read one of the two words."""
        if text not in self._TEXTS:
            raise Unfit(self._FIX)
        return self._TEXTS[text]

    def of_toml(self, value: object) -> bool:
        """Take a boolean."""
        if not isinstance(value, bool):
            raise Unfit(f"{self._FIX}, without quotes" if value in self._TEXTS else self._FIX)
        return value


class _Text:
    """A text that `of_text` judges."""

    fix: str

    def of_text(self, text: str) -> str:
        """Judge the text."""
        raise NotImplementedError

    def of_toml(self, value: object) -> str:
        """Take a string."""
        if not isinstance(value, str):
            raise Unfit(self.fix)
        return self.of_text(value)


class TimeZone(_Text):
    """`utc` or a zone of the IANA database."""

    range = "`utc` or an IANA name such as `Europe/Berlin`"
    fix = 'use "utc" or an IANA name such as "Europe/Berlin"'

    def of_text(self, text: str) -> str:
        """Look the name up where it is not ours."""
        if text.lower() == _OUR_ZONE:
            return _OUR_ZONE
        if text.lower() == _THIS_ZONE:
            raise Unfit(f'"{_THIS_ZONE}" stands for this setting: {self.fix}')
        from chalicelib.schedules import timezone  # noqa: PLC0415  few settings name a zone

        if text in timezone.names():
            return text
        raise Unfit(self.fix + _similar_zone(text, sorted(timezone.names())))


class OneOf(_Text):
    """One of a few words."""

    def __init__(self, *words: str) -> None:
        """Take the words that there are."""
        self._words = words
        self.range = ", ".join(f"`{word}`" for word in words[:-1]) + f" or `{words[-1]}`"
        self.fix = f"use one of: {', '.join(words)}"

    def of_text(self, text: str) -> str:
        """Take a word as it is written."""
        if text in self._words:
            return text
        meant = nearest(text.lower(), self._words)
        raise Unfit(self.fix + (f'; did you mean "{meant}"?' if meant else ""))


class DomainName(_Text):
    """The name of a host: in lower case, no address, and without a dot at its end."""

    range = "a domain name"
    fix = 'use a domain name in lower case, such as "nodes.example.com"'

    def of_text(self, text: str) -> str:
        """Check the form."""
        if len(text) <= _LONGEST_DOMAIN and re.fullmatch(_DOMAIN, text):
            return text
        raise Unfit(self.fix)


class CronFields(_Text):
    """The five fields of a cron expression that comes."""

    range = "5 cron fields, at most 128 characters"
    fix = 'use the 5 fields of a cron expression, at most 128 characters, such as "0 0 * * 0"'

    def of_text(self, text: str) -> str:
        """Parse the fields."""
        from chalicelib.schedules.expression import parse  # noqa: PLC0415  few settings are one

        if len(text) > _LONGEST_CRON or not re.fullmatch(_CRON, text):
            raise Unfit(self.fix)
        try:
            parse(text)
        except Invalid as invalid:
            raise Unfit(f"{invalid.detail}: {invalid.fix or self.fix}") from invalid
        return text


def nearest(name: str, known: Collection[str]) -> str | None:
    """Return what somebody who wrote this name may have meant."""
    import difflib  # noqa: PLC0415  needed only for what is wrong

    name = name[:_LONGEST_NAME]
    same = [each for each in known if each == name]
    cut_short = [each for each in known if each.endswith((f"_{name}", f".{name}", f"/{name}"))]
    similar = difflib.get_close_matches(name, known, n=1, cutoff=_NEAR)
    return next(iter([*same, *cut_short, *similar]), None)


def _similar_zone(text: str, zones: Collection[str]) -> str:
    names = {zone.lower().rpartition("/")[2]: zone for zone in zones}  # A city says enough.
    names |= {zone.lower(): zone for zone in (*zones, _OUR_ZONE)}
    meant = nearest(text.lower(), names)
    return f'; did you mean "{names[meant]}"?' if meant else ""
