"""A quiz in a real Chromium: a click explains, another one corrects."""

from tests.apparatus import eventually
from tests.browser.harness import Open

QUIZ = "import os, tempfile; os.environ['SHMLAB_PROGRESS'] = tempfile.mktemp(); from shmlab import check\n"


def test_a_wrong_choice_is_explained_and_a_right_one_counts(notebook: Open) -> None:
    book = notebook(QUIZ + "quiz = check.quiz('06')\nquiz", "print(quiz.right, quiz.chosen[0])")
    book.run(0)
    page = book.page
    question = page.locator(".shmlab.quiz .question").first
    question.get_by_role("button", name="The program is right.").click()
    eventually(lambda: question.locator("[role=status].wrong").count() == 1)
    assert "137 thousand million orders" in question.inner_text()
    question.get_by_role("button", name="Little: the orders that fail may be rare.").click()
    eventually(lambda: question.locator("[role=status].right").count() == 1)
    assert question.locator(".choice.wrong").count() == 0
    assert "1 right, 3 still to answer" in page.locator(".shmlab.quiz").inner_text()
    book.run(1)
    assert book.output(1).strip().startswith("1 ")
