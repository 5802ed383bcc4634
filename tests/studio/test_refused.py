"""What was refused stays in its field with the problem under it, until something fits or the value changes elsewhere."""

from __future__ import annotations

from html import unescape

from streamlit.testing.v1 import AppTest

WHOLE = "'many' is not a whole number."


def _field() -> None:
    """A field over a value kept elsewhere, and one of its own."""
    import streamlit as st

    from core.errors import BadInput
    from studio import refused, session

    kept: session.Slot[str] = session.Slot("kept", "1")

    def whole(text: str) -> str:
        if not text.isdigit():
            raise BadInput(f"{text!r} is not a whole number.", "Type digits.")
        return text

    def change() -> None:
        with refused.kept("number"):
            kept.set(whole(str(session.held("number"))))

    def add() -> None:
        with refused.kept("new", "beside"):
            kept.set(whole(str(session.held("new"))))
            session.seed("new", "")

    refused.seed("number", kept.get())
    st.text_input("Number", key="number", on_change=change)
    refused.tell("number")
    if st.toggle("Open", True, key="open"):
        refused.again("new", "beside")
        st.text_input("New", key="new")
        st.text_input("Beside", key="beside")
        refused.tell("new", "beside")
    st.button("Add", key="add", on_click=add)
    st.button("Undo", key="undo", on_click=kept.set, args=("0",))


def told(app: AppTest) -> str:
    return unescape("\n".join(entry.proto.body for entry in app.get("html")))


def start() -> AppTest:
    app = AppTest.from_function(_field).run()
    assert not app.exception
    return app


def test_a_refused_value_stays_through_further_runs_until_one_fits() -> None:
    app = start()
    app.text_input(key="number").set_value("many").run()
    for _ in range(2):
        assert (app.text_input(key="number").value, WHOLE in told(app)) == ("many", True)
        app.run()
    app.text_input(key="number").set_value("").run()
    assert (app.text_input(key="number").value, "'' is not" in told(app)) == ("", True)
    app.text_input(key="number").set_value("7").run()
    assert (app.text_input(key="number").value, told(app)) == ("7", "")


def test_a_value_that_changes_elsewhere_wins_over_what_was_refused_in_its_place() -> None:
    app = start()
    app.text_input(key="number").set_value("many").run()
    app.button(key="undo").click().run()
    assert (app.text_input(key="number").value, told(app)) == ("0", "")


def test_fields_of_a_form_come_back_as_they_were_refused_and_other_text_takes_the_problem_away() -> None:
    app = start()
    app.text_input(key="new").set_value("many").run()
    app.text_input(key="beside").set_value("x").run()
    app.button(key="add").click().run()
    assert WHOLE in told(app)
    app.toggle(key="open").set_value(False).run()
    app.toggle(key="open").set_value(True).run()
    assert [app.text_input(key=key).value for key in ("new", "beside")] == ["many", "x"]
    assert WHOLE in told(app)
    app.text_input(key="new").set_value("8").run()
    assert told(app) == ""
    app.button(key="add").click().run()
    assert (app.text_input(key="number").value, app.text_input(key="new").value) == ("8", "")
