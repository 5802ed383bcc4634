"""Browse: the samples that pass the filter as a grid of pictures; one opened beside its conversation and all evidence."""

from __future__ import annotations

import streamlit as st

from studio import browsing, cached, session
from studio.filters_bar import filters_bar, nothing_visible, num_passing
from studio.layout import page

with page(
    "Browse", "Look at samples, find what you want to keep, and open one to see all that is known about it."
) as actions:
    chips, below = st.container(), st.container()
    with below:  # before the chips: what was asked for is on the screen while they are still drawn again
        num_visible = num_passing()
        shown = session.view()
        if num_visible == 0 and cached.count() == 0:
            browsing.nothing_ingested()
        elif num_visible is not None and shown.sample is not None:
            browsing.opened_sample(shown.sample, num_visible)
        elif num_visible == 0:
            nothing_visible()
        elif num_visible is not None:
            browsing.grid(shown.chosen, num_visible)
            with actions:
                browsing.csv_link(num_visible)
    with chips:
        filters_bar()
    with actions:
        browsing.undo()
