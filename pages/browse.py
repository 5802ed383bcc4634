"""Browse: the samples that pass the filter as a grid of pictures; one opened beside its conversation and all evidence."""

from __future__ import annotations

from studio import browsing, cached, session
from studio.filters_bar import filters_bar, nothing_visible
from studio.layout import page

with page(
    "Browse", "Look at samples, find what you want to keep, and open one to see all that is known about it."
) as actions:
    num_visible = filters_bar()
    shown = session.view()
    if num_visible == 0 and cached.count() == 0:
        browsing.nothing_ingested()
    elif shown.sample is not None:
        browsing.opened_sample(shown.sample, num_visible)
    elif num_visible == 0:
        nothing_visible()
    else:
        with actions:
            browsing.csv_link(num_visible)
        browsing.grid(shown.chosen, num_visible)
