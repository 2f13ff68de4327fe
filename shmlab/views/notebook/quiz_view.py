"""A clickable quiz: a button for each choice, with the feedback for the chosen one below the question."""

from __future__ import annotations

import html
import re
from pathlib import Path

import ipywidgets

from shmlab.course.exercises.quiz import LETTERS, Quiz, QuizQuestion
from shmlab.views.notebook import palette
from shmlab.views.notebook.close import close_tree
from shmlab.views.notebook.plain_widgets import Parts

LOOKS = ("choice", "choice right", "choice wrong")  # of a button: not chosen, chosen and right, chosen and wrong
MARKS = ("", "✓ ", "✕ ")


class QuizView:
    """The view of one quiz. Choosing again is allowed: feedback on wrong choices teaches, too."""

    def __init__(self, quiz: Quiz) -> None:
        self.quiz = quiz
        self.parts = parts = Parts()
        self.said = [parts.text("said") for _ in quiz.questions]
        self.score = parts.text("score")
        self.buttons: list[list[ipywidgets.Button]] = []
        asked = [self._asked(number, question) for number, question in enumerate(quiz.questions)]
        css = palette.style() + Path(__file__).with_name("quiz.css").read_text(encoding="utf-8")
        style = parts.text("unseen", f"<style>{css}</style>")
        self.box = parts.column([style, *asked, self.score], "shmlab quiz")
        self._draw()

    def _asked(self, number: int, question: QuizQuestion) -> ipywidgets.VBox:
        parts = self.parts
        text = parts.text("asked", f"<b>{number + 1}.</b> {prose(question.text)}")
        buttons = [parts.button("", "choose this") for _ in question.choices]
        for choice, button in enumerate(buttons):
            button.on_click(lambda _, choice=choice: self.choose(number, choice))
        self.buttons.append(buttons)
        return parts.column([text, *buttons, self.said[number]], "question")

    def choose(self, question: int, choice: int) -> None:
        """Handle a click on a choice."""
        self.quiz.choose(question, choice)
        self._draw()

    def _draw(self) -> None:
        quiz = self.quiz
        for number, (question, buttons, chosen) in enumerate(
            zip(quiz.questions, self.buttons, quiz.chosen, strict=True)
        ):
            for at, (button, choice) in enumerate(zip(buttons, question.choices, strict=True)):
                state = 0 if at != chosen else 1 if choice.right else 2
                button.description = f"{MARKS[state]}{LETTERS[at]})  {choice.text.replace('`', '')}"
                button._dom_classes = tuple(LOOKS[state].split())
            if chosen is not None:
                look = "right" if question.choices[chosen].right else "wrong"
                text = prose(question.said(chosen))
                self.said[number].value = f'<div class="{look}" role="status">{text}</div>'
        done = sum(number is not None for number in quiz.chosen)
        self.score.value = f"{quiz.right} right, {len(quiz.questions) - done} still to answer"

    def close(self) -> None:
        """Close the view and all its parts."""
        close_tree(self.box, *self.parts.shared)


def prose(text: str) -> str:
    """Return text as HTML: `code` and *emphasis* as in Markdown."""
    escaped = html.escape(text)
    escaped = re.sub(r"`([^`]+)`", r"<code>\1</code>", escaped)
    return re.sub(r"\*([^*]+)\*", r"<em>\1</em>", escaped)
