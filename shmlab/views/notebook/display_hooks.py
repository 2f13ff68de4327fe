"""Have IPython display what the packages below cannot draw themselves: a quiz.

`shmlab` registers this when it provides `check`; ipywidgets is loaded when the first quiz is shown.
"""

import sys
from typing import Any

from shmlab.course.exercises.quiz import Quiz


def register() -> None:
    """Have IPython show a quiz as clickable choices. Outside IPython this does nothing."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is not None:
        shell.display_formatter.mimebundle_formatter.for_type(Quiz, shown)


def shown(quiz: Quiz) -> dict[str, Any]:
    """Return a quiz as notebook output, closing its previous view."""
    from shmlab.views.notebook.quiz_view import QuizView

    quiz.close()
    quiz.view = view = QuizView(quiz)
    return {**view.box._repr_mimebundle_(), "text/plain": repr(quiz)}
