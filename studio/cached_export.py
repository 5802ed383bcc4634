"""What Mixture keeps about exports between runs of the page: what each format would leave out of the recipe in edit.

A home of caching decorators beside cached.py; the conversations of a whole mixture are read for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from studio import cached

if TYPE_CHECKING:
    from studio.mixture_cached import Planned

AT_ONCE_SAMPLES = 60_000
"""Counted without being asked up to here; it takes about a second."""


@st.cache_data(max_entries=32, show_spinner="Counting what the format can carry")
def _left_out(path: str, at_version: str, key: str, target: str, images: str, _found: Planned) -> dict[str, int]:
    from core.mixture.foresee import left_out

    used = np.logical_or.reduce([stage.times > 0 for stage in _found.stages])
    return left_out(cached.workspace(), _found.made.ruler.pool.sample_id[used], target, images)


def left_out(found: Planned, target: str, images: str) -> dict[str, int]:
    """Samples of a planned recipe that a format would leave out, by reason."""
    here = cached.workspace().path
    return _left_out(str(here), cached.version(here), found.key, target, images, found)
