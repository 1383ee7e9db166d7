"""The desk as a picture: what came, what went, what stood. Shape and words carry the meaning."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

import altair as alt

from support_ui.view_models.desk_trend import CAME, STOOD, WENT, Point

_BARS: Final = {CAME: "#d98a1f", WENT: "#2f9e5c"}
_LINE: Final = {STOOD: "#7a8fa6"}
_HEIGHT: Final = 230
"""With legend and axis."""


def filling_and_emptying(
    points: Sequence[Point], labels: Sequence[str]
) -> alt.LayerChart | alt.FacetChart:
    """Bars for what came and what went in each stretch; a line for what stood at its end."""
    told = json.dumps(dict(enumerate(labels)))
    x = alt.X(
        "place:O",
        title=None,
        axis=alt.Axis(
            labelExpr=f"{told}[datum.value]", labelAngle=0, labelOverlap="greedy", ticks=False
        ),
    )
    y = alt.Y("count:Q", title=None, axis=alt.Axis(tickMinStep=1, tickCount=4))
    tooltip = [
        alt.Tooltip("when:N", title="From"),
        alt.Tooltip("what:N", title="What"),
        alt.Tooltip("count:Q", title="Changes"),
    ]
    colours = _BARS | _LINE
    colour = alt.Color(
        "what:N",
        scale=alt.Scale(domain=list(colours), range=list(colours.values())),
        legend=alt.Legend(title=None, orient="top"),
    )
    bars = (
        _chart([each for each in points if each.what in _BARS])
        .mark_bar(cornerRadiusTopLeft=2, cornerRadiusTopRight=2)
        .encode(x=x, xOffset=alt.XOffset("what:N", sort=list(_BARS)), y=y, color=colour,
                tooltip=tooltip)
    )  # fmt: skip
    line = (
        _chart([each for each in points if each.what in _LINE])
        .mark_line(point=True, strokeWidth=2)
        .encode(x=x, y=y, color=colour, tooltip=tooltip)
    )
    return alt.layer(bars, line).properties(height=_HEIGHT)


def _chart(points: Sequence[Point]) -> alt.Chart:
    data: dict[str, Any] = {"values": [asdict(point) for point in points]}
    return alt.Chart(data)
