"""The built site in a real browser: finds Chromium, serves a folder, and opens its pages cut off from the network.

    with serve(folder) as site, launch() as chromium:
        with visit(chromium, site, "index.html", width=390, height=844) as (page, problems):
            page.locator(…)             # Playwright's page
            assert not problems         # errors, failed requests, requests to anywhere but the site
"""

import functools
import http.server
import os
import shutil
import threading
from contextlib import contextmanager

from playwright.sync_api import TimeoutError, expect, sync_playwright

PATIENCE = 30_000  # milliseconds, as for all else in Playwright; only a failure waits so long
expect.set_options(timeout=PATIENCE)
NAMES = "chromium", "chromium-browser", "google-chrome"
MISSING = f"No Chromium found: install it, or name it in CHROMIUM (looked for {', '.join(NAMES)} on the PATH)."
FLAGS = [
    "--no-sandbox",  # containers run as root, for whom Chromium's sandbox does not start
    "--disable-gpu",  # there is no screen
    # Chromium's own traffic, which has nothing to do with the page:
    *"--disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync".split(),
    # No host name resolves, so that what `visit` might not see leaves the machine neither:
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


def find():
    """The path of Chromium, or None: what CHROMIUM names, else the first of the usual names on the PATH."""
    named = os.environ.get("CHROMIUM")
    return shutil.which(named) if named else next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def launch():
    """A headless Chromium with an empty profile."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find(), args=FLAGS)
        try:
            yield chromium
        finally:
            chromium.close()


@contextmanager
def serve(folder):
    """Serve a folder on a free port of this machine; gives its address, which ends with a slash."""
    handler = functools.partial(_Handler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


@contextmanager
def visit(chromium, site, path="", width=1280, height=900, **options):
    """Open a page of a site in a fresh profile; every request to another address is blocked.

    options: of the profile, as in Playwright's `new_context`, such as reduced_motion="reduce"
    gives: (Playwright's page, list of problems), which grows while the page is open: a text for each console error,
           uncaught exception, failed request and blocked request
    """
    problems = []

    def block(route):
        problems.append(f"blocked request: {route.request.url[:200]}")
        route.abort()

    def block_socket(socket):
        problems.append(f"blocked request: {socket.url[:200]}")
        socket.close()

    def failed(request):
        if _of(site, request.url):
            problems.append(f"failed request: {request.url[:200]} ({request.failure})")

    def answered(response):
        if response.status >= 400:
            problems.append(f"failed request: {response.url[:200]} ({response.status})")

    options |= {"viewport": {"width": width, "height": height}, "service_workers": "block"}
    context = chromium.new_context(**options)
    try:
        context.route(lambda url: not _of(site, url), block)
        context.route_web_socket(lambda url: not _of(site, url), block_socket)
        page = context.new_page()
        page.on("console", lambda m: m.type == "error" and problems.append(f"console error: {m.text} {m.location}"))
        page.on("pageerror", lambda error: problems.append(f"uncaught exception: {error}"))
        page.on("requestfailed", failed)
        page.on("response", answered)
        page.goto(site + path, timeout=120_000)  # only a failure, or a machine with much else to do, waits so long
        yield page, problems
    finally:
        context.close()


def define(page, script):
    """Run a script in a page, whose Content-Security-Policy would refuse it as a part of the page."""
    session = page.context.new_cdp_session(page)
    result = session.send("Runtime.evaluate", {"expression": script})
    session.detach()
    assert "exceptionDetails" not in result, result["exceptionDetails"]


def until(page, expression, arg=None):
    """Wait until an expression holds in a page, or a function of `arg`: it is asked in every display frame.

    Playwright's own `wait_for_function` compiles it each time, which a page's Content-Security-Policy refuses.
    raises: Playwright's TimeoutError after the milliseconds of PATIENCE
    """
    if not page.evaluate(UNTIL % expression, [arg, PATIENCE]):
        raise TimeoutError(f"{expression} did not hold within {PATIENCE} ms")


UNTIL = """async ([arg, timeout]) => {
  const holds = () => {
    const value = (%s);
    return typeof value === "function" ? value(arg) : value;
  };
  for (const start = performance.now(); performance.now() < start + timeout; ) {
    if (await holds()) return true;
    await new Promise(requestAnimationFrame);
  }
  return false;
}"""


def _of(site, url):
    """Whether an address is the site's own, or stands for data within the page."""
    return url.startswith((site, site.replace("http:", "ws:"), "data:", "blob:", "about:"))


class _Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keeps connections, as a real server does
    disable_nagle_algorithm = True  # sends a file at once after its head, as a real server does

    def log_message(self, *arguments):
        pass
