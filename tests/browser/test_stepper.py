"""The stepper in a real Chromium on a real JupyterLab: buttons, keys, real processes, a search that is interrupted."""

from playwright.sync_api import Page

from tests.apparatus import entries, eventually
from tests.browser.harness import Open

ADD = "from shmlab import explore, labs\ndef add(buf):\n    buf.count += 1\n"
ADDING = (
    ADD
    + "labs.stepper([(add,), (add,)], shared=dict(count=0), final=lambda m, _: m.count == 2, "
    + "goal=('Let the count be one.', 'invariant'))"
)
LONG = "from shmlab import explore\nverdict = explore('semaphores', producers=4, consumers=4, items=6)\nprint(verdict)"


def step(page: Page, process: str) -> None:
    page.get_by_role("button", name=f"{process}:").click()


def status(page: Page) -> str:
    return page.locator(".shmlab [role=status]").inner_text()


def test_a_lost_update_by_mouse_wins(notebook: Open) -> None:
    book = notebook(ADDING)
    book.run(0)
    page = book.page
    page.wait_for_selector(".shmlab.stepper .listing .lit")
    for process in ("P0", "P1", "P0", "P1"):
        before = status(page)
        step(page, process)
        eventually(lambda before=before: status(page) != before)  # type: ignore[misc]
    assert "Reached after 4 steps" in page.locator(".shmlab .note .won").inner_text()
    page.get_by_role("button", name="undo").click()
    eventually(lambda: page.locator(".shmlab .note .won").count() == 0)


def test_the_keys_of_the_schedule_field_are_steps(notebook: Open) -> None:
    book = notebook(ADDING)
    book.run(0)
    field = book.page.locator(".shmlab.stepper .widget-text input")
    field.click()
    field.press_sequentially("0101", delay=30)
    eventually(lambda: book.page.locator(".shmlab .note .won").count() == 1)
    assert field.input_value() == "0101"
    field.press("Backspace")
    eventually(lambda: "after P0 P1 P0 |" in status(book.page))
    assert field.input_value() == "010"
    assert book.page.locator(".jp-Notebook .jp-Cell").count() == 1  # the keys were no commands of the notebook


def test_a_found_failure_is_played_on_real_processes(notebook: Open) -> None:
    book = notebook(ADDING)
    book.run(0)
    page = book.page
    page.get_by_role("button", name="real processes").click()
    page.wait_for_selector(".shmlab .card .pid")
    name = page.locator(".shmlab .head code").inner_text().removeprefix("/dev/shm/")
    assert any(name in entry for entry in entries())
    page.get_by_role("button", name="show me how").click()
    page.get_by_role("button", name="play").click()
    page.wait_for_selector(".shmlab .note .won", timeout=30_000)
    page.get_by_role("button", name="model", exact=True).click()
    eventually(lambda: not any(name in entry for entry in entries()))


def test_running_the_cell_again_opens_a_new_stepper_and_leaves_no_process(notebook: Open) -> None:
    book = notebook(ADDING.replace("goal=", "real=True, goal="))
    book.run(0)
    first = book.page.locator(".shmlab .head code").inner_text()
    book.run(0)
    eventually(lambda: book.page.locator(".shmlab .head code").all_inner_texts() not in ([], [first]))
    eventually(lambda: not any(first.removeprefix("/dev/shm/") in entry for entry in entries()))


def test_a_verdict_shows_itself_as_a_table(notebook: Open) -> None:
    book = notebook(ADD + "explore([(add,), (add,)], shared=dict(count=0), final=lambda m, _: m.count == 2).show()")
    book.run(0)
    table = book.page.locator(".shmlab-steps table")
    assert table.locator("tbody tr").count() == 5
    assert "another process has changed it since" in book.output(0)
    assert table.locator(".stale").count() == 1


def test_a_long_search_tells_how_far_it_is_and_an_interrupt_ends_it(notebook: Open) -> None:
    book = notebook(LONG)
    book.run(0, wait=False)
    eventually(lambda: "states in" in book.output(0), 30)
    book.command("notebook:interrupt-kernel")
    eventually(lambda: "NO VERDICT" in book.output(0) and "interrupted" in book.output(0), 30)
    book.wait_idle()
