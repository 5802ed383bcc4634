"""The seed of Curate takes what the command takes: 64 bits, more than a number in a browser holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from studio.session import WORKSPACE_VARIABLE
from tests.studio.small_workspace import make_workspace


def _page() -> None:
    import streamlit as st

    from studio import curate, curate_state

    curate.settings_panel()
    st.text(f"seed {curate_state.SEED.get()}")


def test_a_seed_of_64_bits_can_be_typed_and_a_word_leaves_it_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(make_workspace(tmp_path / "ws").path))
    app = AppTest.from_function(_page, default_timeout=60).run()
    for typed, kept in (("18446744073709551615", 2**64 - 1), ("-1", 2**64 - 1), ("twelve", 2**64 - 1), ("7", 7)):
        app.text_input(key="curate-seed").set_value(typed).run()
        assert not app.exception
        assert [text.value for text in app.text] == [f"seed {kept}"]
        assert app.text_input(key="curate-seed").value == str(kept)
        told = [entry.proto.body for entry in app.get("html") if "w-problem" in entry.proto.body]
        assert bool(told) is (typed == "twelve")
        assert all("&#x27;twelve&#x27; is not a whole number" in text for text in told)
