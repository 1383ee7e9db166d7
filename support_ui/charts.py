"""The story of a change as a picture. Shape and words carry the meaning; colour repeats it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, Final

import altair as alt

from support_ui.view_models.gantt import PEOPLE, STATUS, Bar, Picture, Point
from support_ui.view_models.timeline import Tone

_COLOURS: Final = {
    Tone.GOOD: "#2f9e5c",
    Tone.WAITS: "#d98a1f",
    Tone.BAD: "#d64545",
    Tone.NEUTRAL: "#7a8fa6",
}
_SHAPES: Final = {
    Tone.GOOD: "circle",
    Tone.WAITS: "triangle-up",
    Tone.BAD: "cross",
    Tone.NEUTRAL: "diamond",
}
_WORDS: Final = "#75808c"
"""Grey that can be read on a light and on a dark page."""

_LANE_HEIGHT: Final = 30
_BELOW: Final = 62  # axis and legend
_LEGEND: Final = alt.Legend(title=None, orient="top", symbolStrokeWidth=0)
_WIDE_LANES: Final = frozenset({STATUS, PEOPLE})


def timeline(picture: Picture) -> alt.LayerChart | alt.FacetChart:
    """Lanes from top to bottom, compressed time from left to right."""
    y = alt.Y(
        "lane:N",
        title=None,
        scale=alt.Scale(domain=list(picture.lanes)),
        axis=alt.Axis(grid=True, ticks=False, domain=False, labelPadding=8, labelLimit=230),
    )
    x = alt.X(
        "start:Q",
        title=None,
        scale=alt.Scale(domain=[0, picture.width], nice=False, padding=12),
        axis=_clocks(picture),
    )
    colour = alt.Color("tone:N", scale=_scale(_COLOURS), legend=_LEGEND)
    layers = [
        _chart(picture.lengths)
        .mark_rule(strokeWidth=1, color=_WORDS, opacity=0.5, aria=False)
        .encode(x=x, x2="end:Q", y=y),
        _chart(picture.lengths)
        .mark_text(color=_WORDS, fontSize=11, dy=-7, aria=False)
        .encode(x=alt.X("middle:Q"), y=y, text="label:N"),
        _chart(picture.waits)
        .mark_rule(strokeDash=[3, 3], strokeWidth=2, aria=bool(picture.waits))
        .encode(x=x, x2="end:Q", y=y, color=colour, tooltip=_tooltip()),
        _chart(bar for bar in picture.bars if bar.lane in _WIDE_LANES)
        .mark_bar(height=18, opacity=0.28, cornerRadius=3)
        .encode(x=x, x2="end:Q", y=y, color=colour, tooltip=_tooltip()),
        _chart(bar for bar in picture.bars if bar.lane in _WIDE_LANES)
        .mark_text(color=_WORDS, fontSize=11, fontWeight="bold")
        .encode(x=alt.X("middle:Q"), y=y, text="label:N"),
        _chart(bar for bar in picture.bars if bar.lane not in _WIDE_LANES)
        .mark_bar(height=10, opacity=0.55)
        .encode(x=x, x2="end:Q", y=y, color=colour, tooltip=_tooltip()),
        _chart(picture.points)
        .mark_point(filled=True, size=95, opacity=1)
        .encode(
            x=alt.X("at:Q"),
            y=y,
            color=colour,
            shape=alt.Shape("tone:N", scale=_scale(_SHAPES), legend=_LEGEND),
            tooltip=_tooltip(),
        ),
    ]
    return alt.layer(*layers).properties(height=_LANE_HEIGHT * len(picture.lanes) + _BELOW)


def _chart(items: Iterable[Bar | Point]) -> alt.Chart:
    data: dict[str, object] = {"values": [_values(item) for item in items]}
    return alt.Chart(data)


def _values(item: Bar | Point) -> dict[str, Any]:
    middle = {"middle": item.middle} if isinstance(item, Bar) else {}
    return asdict(item) | middle


def _clocks(picture: Picture) -> alt.Axis:
    """The clock at each place that has one."""
    told = json.dumps({str(place): clock for place, clock in picture.ticks})
    return alt.Axis(
        values=[place for place, _ in picture.ticks],
        labelExpr=f"{told}[datum.value]",
        labelOverlap="greedy",
        labelSeparation=8,
        labelFlush=True,
        grid=False,
        ticks=True,
        domain=False,
    )


def _tooltip() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("title:N", title="What"),
        alt.Tooltip("outcome:N", title="Outcome"),
        alt.Tooltip("when:N", title="When"),
        alt.Tooltip("lasted:N", title="Lasted"),
        alt.Tooltip("detail:N", title="Detail"),
    ]


def _scale(ranges: Mapping[Tone, str]) -> alt.Scale:
    return alt.Scale(domain=list(ranges), range=list(ranges.values()))
