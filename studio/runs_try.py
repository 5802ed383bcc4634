"""Try it: a picture and a prompt, answered by the model before training and after it, side by side."""

from __future__ import annotations

from html import escape
from pathlib import Path

import streamlit as st

from core.errors import StudioError
from core.evaluate.asking import Said
from core.evaluate.questions import load_questions, own_split
from core.runs import Run
from studio import cached, layout, session
from studio.runs_cached import asker, thumb
from studio.runs_evaluation import models_of

_MOST_SAMPLES = 40
_ANSWERS: session.Slot[tuple[str, str, tuple[Said, ...]] | None] = session.Slot("try.answers", None)
_TOKENS: session.Slot[int] = session.Slot("try.tokens", 48)
OWN = "A picture of your own"


def section(run: Run) -> None:
    """The form and the two answers."""
    models = models_of(run)
    if models is None:
        return
    layout.small("The first answer waits until both models are loaded; the process that holds them ends by itself.")
    left, right = st.columns([1, 1.35], gap="medium")
    with left:
        picture, shown, suggested = _picture()
        if shown:
            st.html(f'<img class="w-try" src="{shown}" alt="The picture that is asked about">')
    with right:
        prompt = st.text_area("Prompt", suggested, key=f"try-prompt-{hash(suggested)}", height=96)
        if st.button("Ask both models", type="primary", key="try-ask", icon=":material/forum:"):
            try:
                with st.spinner("Answering", show_time=True):
                    said = asker(list(models)).ask(prompt, picture, _TOKENS.get())
                _ANSWERS.set((run.run_id, prompt, tuple(said)))
            except StudioError as error:
                layout.problem(error)
        told = _ANSWERS.get()
        if told is not None and told[0] == run.run_id:
            layout.small(f"To: {told[1]}")
            for place, name, said_one in zip(st.columns(2), ("Base", "Trained"), told[2], strict=True):
                place.html(answer_html(name, said_one.answer))


def answer_html(name: str, answer: str) -> str:
    """One model's answer, verbatim."""
    text = f"<p>{escape(answer)}</p>" if answer.strip() else '<p class="none">It said nothing.</p>'
    return f'<div class="w-said {"after" if name == "Trained" else ""}"><small>{escape(name)}</small>{text}</div>'


def _picture() -> tuple[bytes | None, str, str]:
    """(bytes of the picture or None, what to show of it, a prompt that goes with it)."""
    found = samples()
    names = [OWN, *(f"{place + 1}. {_short(text)}" for place, (_, text) in enumerate(found))]
    chosen = st.selectbox("Picture", names, index=1 if found else 0, key="try-sample", persist_state="session")
    if chosen == OWN or chosen is None:
        given = st.file_uploader(
            "Picture", ["png", "jpg", "jpeg", "webp"], key="try-file", label_visibility="collapsed"
        )
        if given is None:
            layout.small("Without a picture the models answer the prompt alone.")
            return None, "", "What is shown in the picture?"
        return given.getvalue(), _data_url(given.getvalue(), given.type), "What is shown in the picture?"
    path, text = found[names.index(chosen) - 1]
    return path.read_bytes(), thumb(path, 560), text


def samples() -> list[tuple[Path, str]]:
    """Pictures of the workspace's own questions, each with its question: what was kept out of training."""
    split = own_split(cached.workspace().path)
    if split is None:
        return []
    try:
        questions = load_questions(*split, limit=4 * _MOST_SAMPLES).questions
    except StudioError:
        return []
    one_picture = [question for question in questions if len(question.images) == 1]
    return [
        (split[1] / one.images[0], one.question.replace("<image>", "").strip()) for one in one_picture[:_MOST_SAMPLES]
    ]


def _short(text: str, most: int = 60) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def _data_url(data: bytes, media_type: str) -> str:
    import base64

    return f"data:{media_type};base64,{base64.b64encode(data).decode('ascii')}"
