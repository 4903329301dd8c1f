"""Finds and starts the tests' browser: Debian's Chromium, or the one that Playwright installs.

Run: python -m tests.browser.chromium

It installs Playwright's Chromium where there is no browser; `make test-browser` does so.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Playwright, sync_playwright

MISSING = "no Chromium: run `make test-browser`, which installs one, or `apt-get install chromium`"


def executable(playwright: Playwright) -> Path | None:
    """Return the browser's program, or None where none is installed."""
    installed = shutil.which("chromium")
    own = Path(playwright.chromium.executable_path)
    if installed:
        return Path(installed)
    return own if own.exists() else None


@contextmanager
def chromium() -> Iterator[Browser | None]:
    """Run a browser without a window; yield None where none is installed."""
    with sync_playwright() as playwright:
        program = executable(playwright)
        if program is None:
            yield None
            return
        browser = playwright.chromium.launch(executable_path=program)
        try:
            yield browser
        finally:
            browser.close()


def main() -> int:
    """Install a browser where there is none; return the exit status."""
    with sync_playwright() as playwright:
        if executable(playwright):
            return 0
    install = [sys.executable, "-m", "playwright", "install", "chromium"]
    if subprocess.run(install, check=False).returncode:
        print(
            "Playwright could not download Chromium, so the browser tests will be skipped."
            " `apt-get install chromium` installs Debian's.",
            file=sys.stderr,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
