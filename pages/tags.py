"""Tags: what samples ask for and what pictures show, as a tree with counts; a click filters every page."""

from __future__ import annotations

import streamlit as st

from studio import cached, evidence_views, layout
from studio.filters_bar import filters_bar

with layout.page("Tags", "See what samples ask for and what their pictures show; click a tag to filter by it."):
    filters_bar()
    with st.container(horizontal=True, vertical_alignment="center", key="tags-toolbar"):
        kind = evidence_views.tag_kind()
        layout.badges(evidence_views.producer_notes(kind))
        selected = evidence_views.comparison_toggle()
    if kind in cached.lens().producers:
        evidence_views.tags(kind, selected)
    else:
        evidence_views.not_prepared(kind)
