"""The site is built without a warning, has every page, asks no other server for anything, and no link in it is dead."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

from benchmarks import pictures
from tests.clone import ROOT

COURSE = (ROOT / "docs/course.md").read_text()
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "object": "data", "link": "href"}
IN_CODE = re.compile(r"""(?:@import|url\(|importScripts\(|import\(|fetch\(|\.src\s*=)\s*["'(]*\s*(?:https?:)?//""")


class Page(HTMLParser):
    """What a page loads, where it leads, and which places it has."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.leads: list[str] = []
        self.places: set[str] = set()
        self.feed(file.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        if (address := known.get(LOADED.get(tag, ""))) is not None and known.get("rel") not in ("index", "search"):
            self.loads.append(address)
        if tag == "a" and "href" in known:
            self.leads.append(known["href"])
        self.places |= {known[name] for name in ("id", "name") if name in known}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Page]:
    place = tmp_path_factory.mktemp("site")
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-W",
        "--keep-going",
        "-j",
        "2",
        "-c",
        ROOT / "docs/site",
        ROOT,
        place,
    ]
    built = subprocess.run(command, capture_output=True, text=True, timeout=400)
    assert built.returncode == 0, built.stderr[-3000:]
    return {file: Page(file) for file in place.rglob("*.html")}


def outside(addresses: list[str]) -> Iterator[str]:
    return (address for address in addresses if re.match(r"(https?:)?//", address))


@pytest.mark.slow
@pytest.mark.timeout(500)
def test_the_built_site_is_whole_and_asks_nobody_else(site: dict[Path, Page]) -> None:
    (start,) = (file for file in site if file.parts[-2:] == ("docs", "index.html"))
    place = start.parents[1]
    assert len([file for file in site if "notebooks" in file.parts]) == len(list(ROOT.glob("notebooks/**/*.ipynb")))
    assert {str(file): list(outside(page.loads)) for file, page in site.items() if list(outside(page.loads))} == {}
    code = [file for pattern in ("*.css", "*.js") for file in place.rglob(pattern)]
    assert code and [file for file in code if IN_CODE.search(file.read_text())] == []
    dead = []
    for file, page in site.items():
        for lead in set(page.leads) - set(outside(page.leads)):
            address, fragment = urldefrag(lead)
            target = (file.parent / unquote(address)).resolve() if address else file
            there = target.exists() and (not fragment or target not in site or unquote(fragment) in site[target].places)
            dead += [] if there or lead.startswith("mailto:") else [f"{file.relative_to(place)} -> {lead}"]
    assert dead == []


@pytest.mark.parametrize("folder", ["", "exercises/", "solutions/"])
def test_every_notebook_of_the_course_has_its_page(folder: str) -> None:
    text = COURSE if folder != "solutions/" else (ROOT / "docs/solutions.md").read_text()
    listed = re.findall(rf"\.\./notebooks/{folder}(\d\d_\w+)", text)
    assert listed == sorted(path.stem for path in (ROOT / "notebooks" / folder).glob("[0-9]*.ipynb"))


def test_a_lesson_is_called_there_as_it_calls_itself() -> None:
    rows = re.findall(r"^(\d\d) (.+) <\.\./notebooks/(\w+)>$", COURSE, re.MULTILINE)
    assert len(rows) == 13
    for number, title, name in rows:
        first = json.loads((ROOT / f"notebooks/{name}.ipynb").read_text())["cells"][0]["source"]
        assert name.startswith(number) and "".join(first).startswith(f"# {title}\n")


def test_the_gallery_is_current_and_shows_every_picture() -> None:
    assert pictures.GALLERY.read_text() == pictures.page(), "renew it: python -m benchmarks.pictures gallery"
    there = {path.name for path in pictures.PICTURES.glob("*.png")}
    shown = {scene.name for scene in pictures.SCENES if f"{scene.name}.png" in there}
    assert {scene.name for scene in pictures.SCENES} - shown <= {"comparison", "queueing"}
    assert there == {f"{name}{suffix}.png" for name in shown for _, suffix in pictures.THEMES}
