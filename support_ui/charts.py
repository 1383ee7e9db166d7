"""The timeline as a picture. Shape and words carry the meaning; colour repeats it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Final

import altair as alt

from support_ui.view_models.timeline import LANES, Mark, Tone

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
_LANE_HEIGHT: Final = 34
_LEGEND: Final = alt.Legend(title=None, orient="top", symbolStrokeWidth=0)


def timeline(marks: Sequence[Mark]) -> alt.LayerChart | alt.FacetChart:
    """The events from left to right in order, one lane per party, joined by a line."""
    used = {mark.lane for mark in marks}
    lanes = [lane for lane in LANES if lane in used]
    data: dict[str, object] = {"values": [asdict(mark) for mark in marks]}
    clocks = json.dumps([mark.clock for mark in marks])
    base = alt.Chart(data).encode(
        x=alt.X(
            "position:Q",
            title=None,
            scale=alt.Scale(domain=[-0.5, len(marks) - 0.5], nice=False),
            axis=alt.Axis(
                values=list(range(len(marks))),
                labelExpr=f"{clocks}[datum.value]",
                labelOverlap="greedy",
                labelSeparation=10,
                grid=False,
                ticks=False,
                domain=False,
            ),
        ),
        y=alt.Y(
            "lane:N",
            title=None,
            scale=alt.Scale(domain=lanes),
            axis=alt.Axis(grid=True, ticks=False, domain=False, labelPadding=10, labelLimit=110),
        ),
    )
    way = base.mark_line(color="#9fb0c1", strokeWidth=1.2, opacity=0.7).encode(
        order=alt.Order("position:Q")
    )
    events = base.mark_point(filled=True, size=130, opacity=1).encode(
        color=alt.Color("tone:N", scale=_scale(_COLOURS), legend=_LEGEND),
        shape=alt.Shape("tone:N", scale=_scale(_SHAPES), legend=_LEGEND),
        tooltip=[
            alt.Tooltip("title:N", title="Event"),
            alt.Tooltip("outcome:N", title="Outcome"),
            alt.Tooltip("when:N", title="When"),
            alt.Tooltip("detail:N", title="Detail"),
        ],
    )
    return alt.layer(way, events).properties(height=_LANE_HEIGHT * len(lanes) + 60)


def _scale(ranges: Mapping[Tone, str]) -> alt.Scale:
    return alt.Scale(domain=list(ranges), range=list(ranges.values()))
