"""A real browser for tests of pages: Debian's Chromium, driven by Playwright; what it finds wrong, and pictures."""

import os
import shutil
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

CHROMIUM: Final = shutil.which("chromium")
SCREENSHOTS: Final = os.environ.get("SCREENSHOTS", "")
"""Folder for pictures of the pages; none are taken without it."""
AXE: Final = os.environ.get("AXE", "")
"""Script of axe-core (`npm install axe-core`: axe-core/axe.min.js), which judges the pages; not run without it."""
COLOURS_LEFT: Final = 48
"""Colours of a picture."""
WAIT_MS: Final = 120_000

COLOURS: Final = """(selector) => {
    const numbers = (text) => text.match(/[0-9.]+/g).slice(0, 3).map(Number);
    return [...document.querySelectorAll(selector)].map((element) => {
        let behind = element;
        while (behind && getComputedStyle(behind).backgroundColor === "rgba(0, 0, 0, 0)") {
            behind = behind.parentElement;
        }
        const under = behind ? getComputedStyle(behind).backgroundColor : "rgb(255, 255, 255)";
        return [element.innerText, numbers(getComputedStyle(element).color), numbers(under)];
    });
}"""
"""Text of each element, its colour, and the colour behind it, at one moment of a page that changes."""


class Browser:
    """Pages of a browser whose errors fail the test."""

    def __init__(self, browser: Any) -> None:
        self._browser = browser
        self.problems: list[str] = []

    def open(self, url: str, **options: Any) -> Any:
        """Return a page. `options`: of the browser's context."""
        page = self._browser.new_context(**options).new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.goto(url)
        return page

    def _note(self, said: Any) -> None:
        if said.type == "error":
            self.problems.append(said.text)


def picture(page: Any, name: str) -> None:
    """Take a picture of the window, where somebody wants one. Pillow, where it is installed, makes it small."""
    if not SCREENSHOTS:
        return
    path = Path(SCREENSHOTS) / f"{name}.png"
    page.screenshot(path=str(path))
    if find_spec("PIL") is not None:
        image = import_module("PIL.Image")
        with image.open(path) as taken:
            few = taken.convert("RGB").quantize(
                COLOURS_LEFT, method=image.Quantize.MAXCOVERAGE, dither=image.Dither.NONE
            )
        few.save(path, optimize=True)


def faults(page: Any) -> list[tuple[str, list[str]]]:
    """Return what axe-core finds: rule, and the elements that break it."""
    page.evaluate(Path(AXE).read_text(encoding="utf-8"))
    found = page.evaluate("axe.run().then((found) => found.violations)")
    return [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]


def contrast(ink: list[float], behind: list[float]) -> float:
    """Return the contrast of a text with what is behind it (WCAG 2, relative luminance)."""
    lighter, darker = sorted((luminance(ink), luminance(behind)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: list[float]) -> float:
    red, green, blue = (
        each / 12.92 if (each := channel / 255) <= 0.03928 else ((each + 0.055) / 1.055) ** 2.4
        for channel in colour
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
