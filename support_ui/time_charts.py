"""Counts and latencies over time. A table with the same values stands beside each chart."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import altair as alt

from support_ui.view_models.health import Stretch
from support_ui.view_models.today import ACTIVE, OTHERWISE, SUBMITTED, Bar

_WORDS: Final = "#75808c"
"""Grey that can be read on a light and on a dark page."""

_HOUR_COLOURS: Final = {SUBMITTED: "#3f83c9", ACTIVE: "#2f9e5c", OTHERWISE: "#9aa8b6"}
_CALL_COLOURS: Final = {"Answered": "#3f83c9", "Failed": "#d64545"}
_LATENCY_COLOURS: Final = {"Half took at most": "#3f83c9", "19 of 20 took at most": "#d98a1f"}
_HELD_BACK: Final = "#d98a1f"
_LEGEND: Final = alt.Legend(title=None, orient="top", symbolStrokeWidth=2)
_TIMES: Final = "timeFormat(datum.value, hours(datum.value) ? '%H:%M' : '%d %b')"
_HOURS_PER_LABEL: Final = 3
_HEIGHT: Final = 210
Chart = alt.Chart | alt.LayerChart | alt.FacetChart


def hours(bars: Sequence[Bar]) -> Chart:
    """A bar for each hour of the day, and a dash where it usually ends."""
    kinds = list(dict.fromkeys(bar.what for bar in bars))
    x = alt.X("place:O", title=None, axis=_clocks(bars))
    y = _count_axis("sum(count):Q", _tops(bars))
    shown = alt.Chart(_data(bars)).mark_bar(cornerRadius=2).encode(
        x=x,
        y=y,
        color=_colour("what", {kind: _HOUR_COLOURS[kind] for kind in kinds}),
        tooltip=[
            alt.Tooltip("when:N", title="Hour"),
            alt.Tooltip("what:N", title="What"),
            alt.Tooltip("count:Q", title="Today"),
            alt.Tooltip("usual:Q", title="Usually, all together", format=".1f"),
        ],
    )  # fmt: skip
    usual = (
        alt.Chart(_data([bar for bar in bars if bar.what == kinds[0] and bar.usual is not None]))
        .mark_tick(color=_WORDS, thickness=2.5, bandSize=14, aria=False)
        .encode(x=x, y=alt.Y("usual:Q"))
    )
    return alt.layer(shown, usual).properties(height=_HEIGHT)


def calls(stretches: Sequence[Stretch]) -> Chart:
    """How many calls were answered and how many failed; shaded: the vendor was left alone."""
    values = [
        {**_values(each), "what": what, "count": above - below, "below": below, "above": above}
        for each in stretches
        for what, below, above in (
            ("Answered", 0, each.answered),
            ("Failed", each.answered, each.answered + each.failures),
        )
        if above > below
    ]
    bars = (
        alt.Chart(_data(values))
        .mark_rect()  # a bar with a beginning and an end would lie on its side
        .encode(
            x=_time(stretches),
            x2="end:T",
            y=_count_axis("below:Q", (value["above"] for value in values)),
            y2="above:Q",
            color=_colour("what", _CALL_COLOURS),
            tooltip=_tooltip(
                alt.Tooltip("what:N", title="What"), alt.Tooltip("count:Q", title="Calls")
            ),
        )
    )
    return alt.layer(_held_back(stretches), bars).properties(height=_HEIGHT)


def latency(stretches: Sequence[Stretch]) -> Chart:
    """How long calls took: half of them, and all but the slowest twentieth."""
    values = [
        {**_values(each), "what": what, "seconds": seconds}
        for each in stretches
        for what, seconds in zip(
            _LATENCY_COLOURS, (each.p50_seconds, each.p95_seconds), strict=True
        )
        if seconds is not None
    ]
    base = alt.Chart(_data(values)).encode(
        x=_time(stretches),
        y=alt.Y("seconds:Q", title=None, axis=alt.Axis(grid=True, tickCount=4, format="~s",
                labelExpr="datum.label + 's'")),
        color=_colour("what", _LATENCY_COLOURS),
    )  # fmt: skip
    dashes = alt.StrokeDash(
        "what:N", scale=alt.Scale(domain=list(_LATENCY_COLOURS), range=[[1, 0], [5, 3]]),
        legend=None,
    )  # fmt: skip
    points = base.mark_point(filled=True, size=28).encode(
        tooltip=_tooltip(
            alt.Tooltip("what:N", title="What"),
            alt.Tooltip("seconds:Q", title="Seconds", format=".3f"),
        )
    )
    return alt.layer(
        _held_back(stretches), base.mark_line(strokeWidth=1.5).encode(strokeDash=dashes), points
    ).properties(height=_HEIGHT)


def _held_back(stretches: Sequence[Stretch]) -> alt.Chart:
    held = [_values(each) for each in stretches if each.throttled_seconds]
    shaded: alt.Chart = (
        alt.Chart(_data(held))
        .mark_rect(color=_HELD_BACK, opacity=0.18, aria=False)
        .encode(
            x=_time(stretches),
            x2="end:T",
            tooltip=_tooltip(alt.Tooltip("throttled_seconds:Q", title="Seconds left alone")),
        )
    )
    return shaded


def _time(stretches: Sequence[Stretch]) -> alt.X:
    ends = [stretches[0].begin.isoformat(), stretches[-1].end.isoformat()] if stretches else []
    axis = alt.Axis(
        grid=False, tickCount=6, labelOverlap="greedy", labelFlush=True, labelExpr=_TIMES
    )
    return alt.X("begin:T", title=None, axis=axis, scale=alt.Scale(domain=ends, nice=False))


def _tooltip(*more: alt.Tooltip) -> list[alt.Tooltip]:
    return [alt.Tooltip("when:N", title="When"), *more]


def _clocks(bars: Sequence[Bar]) -> alt.Axis:
    """The clock under every third hour."""
    told = {str(bar.place): bar.clock if bar.place % _HOURS_PER_LABEL == 0 else "" for bar in bars}
    return alt.Axis(
        labelExpr=f"{json.dumps(told)}[datum.value]", labelAngle=0, ticks=False, domain=False
    )


def _count_axis(field: str, tops: Iterable[float]) -> alt.Y:
    """Whole numbers from nothing up; an empty chart has a scale as well."""
    axis = alt.Axis(grid=True, tickCount=4, tickMinStep=1, format=",d")
    scale = alt.Scale(domain=[0, max(1.0, *tops, 1.0)], nice=True)
    return alt.Y(field, title=None, axis=axis, scale=scale)


def _tops(bars: Sequence[Bar]) -> list[float]:
    """How high each hour reaches, by what was counted and by what is usual."""
    counted: Counter[int] = Counter()
    for bar in bars:
        counted[bar.place] += bar.count
    return [*counted.values(), *(bar.usual for bar in bars if bar.usual is not None)]


def _colour(field: str, colours: Mapping[str, str]) -> alt.Color:
    scale = alt.Scale(domain=list(colours), range=list(colours.values()))
    return alt.Color(f"{field}:N", scale=scale, legend=_LEGEND)


def _values(stretch: Stretch) -> dict[str, Any]:
    times = {"begin": stretch.begin.isoformat(), "end": stretch.end.isoformat()}
    return asdict(stretch) | times


def _data(items: Sequence[Bar] | Sequence[dict[str, Any]]) -> Any:  # noqa: ANN401 - altair's own
    return {"values": [asdict(each) if isinstance(each, Bar) else each for each in items]}
