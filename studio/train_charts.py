"""The pictures of a training run: its stages as a timeline, the loss with its smoothed line, and small lines beside figures."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from studio import style
from studio.train_log import StageLog, TrainLog, keep_for, smoothed, thinned
from studio.words import duration, num

if TYPE_CHECKING:
    import plotly.graph_objects as go

_LEAST_SHARE = 0.13
_LABEL_PX = 17.0  # a line of a label and the air around it
_AROUND_PX = 80.0  # title, axis and margins of the loss figure


def timeline_html(log: TrainLog, *, running: bool) -> str:
    """The stages side by side, each as wide as its share of the compute, with progress, time left and held-out loss."""
    total = sum(stage.flops for stage in log.stages) or 1.0
    widths = [max(stage.flops / total, _LEAST_SHARE) for stage in log.stages]
    cells = []
    for stage, width in zip(log.stages, widths, strict=True):
        look = "done" if stage.ended else "now" if stage.started else "wait"
        cells.append(
            f'<div class="w-leg {look}" style="flex:{width:.4f} 1 0"><b><i>{stage.number}</i>{escape(stage.name)}</b>'
            f'<div class="w-bar"><i style="width:{100 * stage.share_done:.1f}%"></i></div>'
            f"<span>{escape(_progress(log, stage, running))}</span><span>{escape(held_out(stage))}</span></div>"
        )
    return f'<div class="w-legs">{"".join(cells)}</div>'


def _progress(log: TrainLog, stage: StageLog, running: bool) -> str:
    if stage.ended:
        return f"{num(stage.num_steps)} steps, done"
    steps = f"step {num(stage.done)} of {num(stage.num_steps)}" if stage.started else f"{num(stage.num_steps)} steps"
    left = log.seconds_left(stage) if running else None
    return steps if left is None else f"{steps}, {duration(left)}{' left' if stage.started else ''}"


def held_out(stage: StageLog) -> str:
    """'held out 7.62 → 5.10', as far as it is known."""
    if stage.held_out_start is None:
        return ""
    end = "" if stage.held_out_end is None else f" → {stage.held_out_end:.2f}"
    return f"held out {stage.held_out_start:.2f}{end}"


def loss_figure(log: TrainLog, height_px: int = 330) -> go.Figure:
    """The loss of every step faintly, its smoothed line, the held-out loss at both ends of each stage, and the stages."""
    import plotly.graph_objects as go

    c = style.palette()
    held_colour = style.CATEGORICAL[2]
    figure = go.Figure(
        layout={
            "template": style.plotly_template(), "height": height_px, "showlegend": False, "hovermode": "x unified",
            "uirevision": "loss",
        }
    )  # fmt: skip
    places = thinned(len(log.steps))
    x = [log.steps[place]["step"] for place in places]
    smooth = smoothed(log.steps, keep_for(log.num_steps))
    figure.add_scatter(
        x=x, y=[log.steps[place]["loss"] for place in places], name="loss", mode="lines", line={"width": 1, "color": c.pool},
        hovertemplate="%{y:.3f}",
    )  # fmt: skip
    figure.add_scatter(
        x=x, y=[smooth[place] for place in places], name="smoothed", mode="lines", line={"width": 2.4, "color": c.kept},
        hovertemplate="%{y:.3f}",
    )  # fmt: skip
    held = [
        point
        for stage in log.stages
        for point in (
            (stage.steps_before, stage.held_out_start),
            (stage.steps_before + stage.num_steps, stage.held_out_end),
        )
        if point[1] is not None
    ]
    figure.add_scatter(
        x=[place for place, _ in held], y=[value for _, value in held], name="held out", mode="lines+markers",
        line={"width": 1.4, "color": held_colour, "dash": "dot"}, marker={"size": 8, "symbol": "diamond", "color": held_colour},
        hovertemplate="%{y:.3f}",
    )  # fmt: skip
    _end_labels(
        figure,
        [(x, [smooth[place] for place in places], "smoothed", c.kept), (*_columns(held), "held out", held_colour)],
        [step["loss"] for step in log.steps],
        height_px,
        log.num_steps,
    )
    for stage in log.stages:
        title = f"{stage.number} {escape(stage.name)}"
        title = str(stage.number) if stage.num_steps < 0.07 * log.num_steps else title
        if stage.steps_before:
            figure.add_vline(x=stage.steps_before, line={"width": 1, "color": c.line})
        figure.add_annotation(
            x=stage.steps_before, y=1, yref="paper", text=title, showarrow=False, xanchor="left",
            yanchor="bottom", xshift=4, font={"size": 12, "color": c.soft},
        )  # fmt: skip
    figure.update_xaxes(title_text="optimizer step", range=[-0.012 * log.num_steps, max(log.num_steps, 1) * 1.01])
    figure.update_yaxes(title_text="loss per learnt token", rangemode="normal")
    figure.update_layout(margin={"t": 26, "l": 8, "r": 104, "b": 8})
    return figure


def _columns(points: Sequence[tuple[int, float | None]]) -> tuple[list[int], list[float | None]]:
    return [place for place, _ in points], [value for _, value in points]


def _end_labels(
    figure: go.Figure,
    series: Sequence[tuple[Sequence[int], Sequence[float | None], str, str]],
    losses: Sequence[float],
    height_px: int,
    num_steps: int,
) -> None:
    """The last value of each line in the margin at the right, the upper one above the lower, never one over the other."""
    ends = [(x[-1], y[-1], name, colour) for x, y, name, colour in series if len(x) and y[-1] is not None]
    ends.sort(key=lambda end: -(end[1] or 0.0))
    seen = [value for value in (*losses, *(value for _, y, _, _ in series for value in y)) if value is not None]
    span = (max(seen) - min(seen)) or 1.0
    values = [value or 0.0 for _, value, _, _ in ends]
    for (x_end, y_end, name, colour), shift in zip(ends, _shifts(values, span, height_px - _AROUND_PX), strict=True):
        at_edge = x_end > 0.85 * num_steps
        figure.add_annotation(
            x=1 if at_edge else x_end, xref="paper" if at_edge else "x", y=y_end, text=f"{name} {y_end:.2f}",
            showarrow=False, xanchor="left", xshift=7, yshift=shift, font={"color": colour, "size": 12},
            bgcolor="rgba(0,0,0,0)" if at_edge else style.palette().ground,
        )  # fmt: skip


def _shifts(values: Sequence[float], span: float, tall_px: float) -> list[float]:
    """How far each label moves from its value, in px upwards, so that neighbours (largest value first) keep a line apart."""
    places = [value / span * tall_px for value in values]
    shifts = [0.0] * len(values)
    for i in range(1, len(values)):
        overlap = _LABEL_PX - (places[i - 1] + shifts[i - 1] - places[i] - shifts[i])
        if overlap > 0:
            shifts[i - 1] += overlap / 2
            shifts[i] -= overlap / 2
    return shifts


def spark_html(values: Sequence[float | None], *, wide: int = 96, tall: int = 22) -> str:
    """A line without axes, for a tight place, as a mask over the accent colour; an empty place below two values."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return "<span></span>"
    low, high = min(known), max(known)
    span = (high - low) or 1.0
    points = " ".join(
        f"{wide * place / (len(known) - 1):.1f},{1.5 + (tall - 3) * (1 - (known[place] - low) / span):.1f}"
        for place in thinned(len(known), wide)
    )
    svg = (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {wide} {tall}'><polyline points='{points}' fill='none' "
        "stroke='black' stroke-width='1.4' stroke-linejoin='round'/></svg>"
    )
    return f'<span class="w-spark" style="--spark:url(\'data:image/svg+xml,{quote(svg)}\')" aria-hidden="true"></span>'


def meters_html(entries: Sequence[tuple[str, str, Sequence[float | None], str]]) -> str:
    """Figures as a list: (name, value, its course, what the hover says)."""
    rows = "".join(
        f'<div title="{escape(says)}"><dt>{escape(name)}</dt><dd>{escape(value)}</dd>{spark_html(course)}</div>'
        for name, value, course, says in entries
    )
    return f'<dl class="w-meters">{rows}</dl>'
