"""What all tests share: hypothesis draws the same examples in every run, and no test waits for a slow machine.

Tests that open pages take `chromium`: where there is none they are skipped, with a warning in the summary, or fail if
REQUIRE_BROWSER=1. The built site they take as `site`, its address on this machine, or as `files`, that of its folder.
"""

import os
import warnings
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("course", derandomize=True, database=None, deadline=None, max_examples=60)
settings.load_profile("course")


SITE = Path(__file__).parents[1] / "_build" / "html"


@pytest.fixture(scope="module")
def files():
    if not (SITE / "index.html").exists():
        pytest.fail("_build/html is not there: run `make book` first")
    return f"{SITE.as_uri()}/"


@pytest.fixture(scope="module")
def site(files):
    import browser  # and with it Playwright, which tests without a browser do without

    with browser.serve(SITE) as address:
        yield address


@pytest.fixture(scope="module")
def chromium():
    import browser

    if not browser.find():
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(browser.MISSING)
        warnings.warn(f"{browser.MISSING} NO PAGE WAS TESTED IN A BROWSER.", stacklevel=1)
        pytest.skip(browser.MISSING)
    with browser.launch() as chromium:
        yield chromium


@pytest.fixture
def page(visit):
    """The page that a file's `visit` has opened for several tests; it must have had no problem when a test ends."""
    page, problems = visit
    yield page
    assert not problems, "\n".join(problems)
