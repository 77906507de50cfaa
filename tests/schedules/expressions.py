"""Cron expressions by chance: every form of every field, common ones more often than rare ones."""

from hypothesis import strategies as st

_MONTHS = ["JAN", "FEB", "MAR", "apr", "may", "jun", "Jul", "Aug", "Sep", "OCT", "NOV", "DEC"]
_WEEKDAYS = ["sun", "mon", "tue", "WED", "THU", "Fri", "Sat"]


@st.composite
def _range(draw: st.DrawFn, low: int, high: int) -> str:
    first, last = sorted([draw(st.integers(low, high)), draw(st.integers(low, high))])
    return f"{first}-{last}"


def _terms(low: int, high: int, *more: str) -> st.SearchStrategy[str]:
    value = st.integers(low, high).map(str)
    ranged = _range(low, high)
    steps = st.integers(1, high + 2).map(str)
    stepped = st.builds("{}/{}".format, st.just("*") | value | ranged, steps)
    named = [st.sampled_from(more)] if more else []
    return st.one_of(value, value, ranged, stepped, *named)


def _field(low: int, high: int, *more: str) -> st.SearchStrategy[str]:
    lists = st.lists(_terms(low, high, *more), min_size=1, max_size=4).map(",".join)
    return st.just("*") | lists | st.sampled_from(["*/2", "*/5"])


_NTH = [f"{day}#{number}" for day in (0, 1, "fri", 7) for number in range(1, 6)]
EXPRESSIONS = st.builds(
    "{} {} {} {} {}".format,
    _field(0, 59),
    _field(0, 23),
    st.just("*") | _field(1, 31, "L", "LW"),
    st.just("*") | _field(1, 12, *_MONTHS),
    st.just("*") | _field(0, 7, *_WEEKDAYS, *_NTH, "0L", "5L", "7L"),
).filter(lambda text: len(text) <= 80)
DENSE = st.builds("{} {} * * *".format, _field(0, 59), _field(0, 23))
