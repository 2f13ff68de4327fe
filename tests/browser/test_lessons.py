"""Every lesson in a real browser: all cells run, none fails, and each view that a cell shows is really drawn."""

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.harness import IDLE, Jupyter, Notebook
from tests.clone import ROOT

LESSONS = ROOT / "notebooks"
VIEW = "application/vnd.jupyter.widget-view+json"
BROKEN = "broken.ipynb"
RUN = 120_000  # milliseconds for all cells of a lesson
DRAWN = 20_000  # for a view that came into sight
OPEN = """async name => { const app = window.jupyterapp
  const widget = await app.commands.execute('docmanager:open', {path: name})
  await widget.context.ready; await widget.sessionContext.ready; app.shell.activateById(widget.id) }"""
CLOSE = """async () => { const widget = window.jupyterapp.shell.currentWidget
  await widget.sessionContext.shutdown(); widget.dispose() }"""
RUN_ALL = "() => window.jupyterapp.commands.execute('notebook:run-all-cells')"
OUTPUTS = """view => window.jupyterapp.shell.currentWidget.content.widgets
  .map((cell, index) => ({index, cell: cell.model}))
  .filter(({cell}) => cell.type === 'code')
  .map(({index, cell}) => { const outputs = cell.outputs.toJSON(); return {
    index, id: cell.id, run: cell.executionCount !== null,
    failed: outputs.filter(o => o.output_type === 'error').map(o => o.ename + ': ' + o.evalue),
    said: outputs.filter(o => o.name === 'stderr').map(o => [].concat(o.text).join('')),
    views: outputs.filter(o => o.data && view in o.data).length } })"""
SEEN = """async ([index, views]) => {
  const book = window.jupyterapp.shell.currentWidget.content
  await book.scrollToItem(index, 'start')
  const node = book.widgets[index].node
  const shown = [...node.querySelectorAll('.shmlab')].filter(view => view.offsetHeight > 40)
  return shown.length >= views && !/(Loading|Error displaying|Error creating) widget/.test(node.innerText) }"""


@pytest.fixture(scope="module")
def lab(server: Jupyter, window: BrowserContext) -> Iterator[Page]:
    """JupyterLab, opened once, among all notebooks and what belongs to them."""
    shutil.copytree(LESSONS, server.root, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    server.notebook(BROKEN, "1 / 0", "import sys; sys.stderr.write('no good')")
    page = Notebook(window, server, BROKEN).page
    page.set_default_timeout(RUN)
    yield page
    page.close()


@pytest.fixture
def run(lab: Page) -> Iterator[Callable[[str], list[dict[str, Any]]]]:
    """Opens a notebook and runs all of it; what came of its code cells."""

    def opened(name: str) -> list[dict[str, Any]]:
        lab.evaluate(OPEN, name)
        lab.wait_for_function(IDLE)
        lab.evaluate(RUN_ALL)
        lab.wait_for_function(IDLE)
        return list(lab.evaluate(OUTPUTS, VIEW))

    yield opened
    lab.evaluate(CLOSE)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", sorted(path.name for path in LESSONS.glob("*.ipynb")))
def test_all_cells_of_a_lesson_run_and_every_view_is_drawn(name: str, lab: Page, run: Any) -> None:
    problems: list[str] = []
    lab.on("pageerror", lambda error: problems.append(str(error)))
    cells = run(name)
    assert [cell["id"] for cell in cells if not cell["run"]] == []
    assert [(cell["id"], cell["failed"], cell["said"]) for cell in cells if cell["failed"] or cell["said"]] == []
    views = [cell for cell in cells if cell["views"]]
    assert views, "a lesson shows something"
    for cell in views:
        lab.wait_for_function(SEEN, arg=[cell["index"], cell["views"]], timeout=DRAWN)
    assert problems == []


def test_a_cell_that_fails_or_complains_is_noticed(run: Any) -> None:
    fails, complains = run(BROKEN)
    assert fails["failed"] == ["ZeroDivisionError: division by zero"] and not fails["views"]
    assert not complains["run"]  # after a failure nothing more is run
