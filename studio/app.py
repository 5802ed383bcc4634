"""The script Streamlit runs: navigation in the order of the curator's path; only pages that exist are listed."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from studio import keys, run_panel

PAGES = Path(__file__).resolve().parents[1] / "pages"

SECTIONS = {
    "Data": ("overview", "ingest", "browse", "clean"),
    "Evidence": ("label", "tags", "capabilities", "synthesize"),
    "Choose": ("curate", "compare", "mixture", "recipes"),
    "Train": ("train", "runs", "experiments"),
}

st.set_page_config(page_title="Winnow", layout="wide")
page = st.navigation(
    {
        section: [
            st.Page(path, title=name.capitalize(), url_path=name, default=name == "overview")
            for name in names
            if (path := PAGES / f"{name}.py").is_file()
        ]
        for section, names in SECTIONS.items()
    }
)
with st.sidebar:
    run_panel.sidebar()
    keys.listen()
page.run()
