"""The phone as the device: the page hears a cry, and gives the probabilities that the device gives."""

import shutil
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import soundfile

from convert.web.proof import TOLERANCE, sounds
from edgecry import CryModel, load_audio
from edgecry.detector import Detector
from edgecry.models.bundled import SAMPLE
from tests.web.browser import CHROMIUM, FLAGS, needs_browser

PHONE = Path(__file__).parents[2] / "examples" / "phone"
pytestmark = needs_browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What make.sh puts together."""
    if not shutil.which("npm"):
        pytest.skip("NOT TESTED: there is no npm to fetch onnxruntime-web with (apt install npm)")
    made = tmp_path_factory.mktemp("phone")
    run = partial(subprocess.run, capture_output=True, text=True, timeout=300, check=False)
    done = run([PHONE / "make.sh", made], env={**dict(__import__("os").environ), "PYTHON": sys.executable})
    if done.returncode and not (made / "ort" / "ort.wasm.min.mjs").exists():
        pytest.skip(f"NOT TESTED: npm could not fetch onnxruntime-web ({done.stderr.strip()[-200:]})")
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture(scope="module")
def address(folder):
    class Quiet(SimpleHTTPRequestHandler):
        extensions_map = {**SimpleHTTPRequestHandler.extensions_map, ".mjs": "text/javascript"}  # noqa: RUF012

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def page(address, tmp_path_factory):
    """The page in a browser whose microphone hears a quiet room, and then the bundled sample."""
    from playwright.sync_api import sync_playwright

    folder = tmp_path_factory.mktemp("browser")
    cry, rng = load_audio(SAMPLE, 16000).samples, np.random.default_rng(0)
    room = rng.normal(0, 1e-3, 16000 * 4)
    heard = np.concatenate([room, cry, np.tile(room, 5)])
    soundfile.write(folder / "heard.wav", heard, 16000)
    flags = (
        *FLAGS,
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={folder / 'heard.wav'}%noloop",
    )
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            folder / "profile", executable_path=CHROMIUM, args=list(flags), headless=True, timeout=60_000
        )
        page = context.new_page()
        page.asked = []
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(f"{address}/index.html")
        yield page
        context.close()


def test_its_probabilities_are_the_device_s(page):
    """On windows of the sample, of synthetic cries, of made sounds, and of silence."""
    detector = Detector(CryModel.load("cry"))
    rows = [row for row, _ in zip(sounds(16000, 48000), range(24), strict=False)]
    rows.append(np.zeros(48000, np.float32))
    expected = [detector.listen(row)[0][0].probability for row in rows]
    page.evaluate(
        "async () => { const { Detector } = await import('./detector.js');"
        " window.detector = await Detector.open('cry-web'); }"
    )
    found = [
        page.evaluate("row => window.detector.probability(Float32Array.from(row))", row.tolist())
        for row in rows
    ]
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE)


def test_a_cry_is_shown(page, address, folder):
    """From the microphone to the word, and to the end of the cry; and nothing leaves the phone."""
    page.click("#listen")
    page.wait_for_selector("#state.crying", timeout=60_000)
    assert page.inner_text("#state") == "Crying"
    page.screenshot(path=folder / "crying.png")
    page.wait_for_selector("#cries li:has-text('until')", timeout=60_000)
    assert page.inner_text("#state") == "No cry"
    assert {url.split("/")[2] for url in page.asked if not url.startswith("blob:")} == {address[7:]}
