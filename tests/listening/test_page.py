"""``edgecry listen --web`` as a whole: a cry that is played comes to the page, and a death is seen there."""

import json
import re
import shlex
import signal
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="the extra web is not installed")

from tests.conftest import needs_bundled
from tests.listening.test_scene import PATIENCE, command, environment, night, sound  # noqa: F401
from tests.sinks.messages import wait_for
from tests.web.browser import browsing, needs_browser

#: Plays a raw file from one second to another as it sounds, then noise without end.
PLAYER = """\
import random, sys, time
path, begin, end = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
data = open(path, "rb").read()[int(begin * 32000):int(end * 32000)]
quiet = data[:32000]
began, told = time.monotonic(), 0
while True:
    piece = data[told:told + 3200] or quiet[told % 28800:told % 28800 + 3200]
    sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()
    told += 3200
    time.sleep(max(0, began + told / 32000 - time.monotonic()))
"""


class Listening:
    """A listener with a page, on a port that the system chose."""

    def __init__(self, folder: Path, source: str) -> None:
        self.process = subprocess.Popen(
            command(
                "--from-command", source, "--web", "127.0.0.1:0", "--record", "clips", "--state", "state"
            ),
            cwd=folder,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said: list[str] = []
        self._thread = threading.Thread(target=lambda: self.said.extend(self.process.stderr))
        self._thread.start()
        wait_for(self._found, "the address", PATIENCE)

    def _found(self):
        assert self.process.poll() is None, "".join(self.said)
        return re.search(r"the page is at (http://\S+)/", "".join(self.said))

    def __getattr__(self, name):
        assert name == "origin"
        return self._found()[1]

    def get(self, path: str):
        with urllib.request.urlopen(self.origin + path, timeout=60) as answer:
            return json.loads(answer.read())

    def post(self, path: str, body: object):
        headers = {"Origin": self.origin, "Content-Type": "application/json"}
        request = urllib.request.Request(self.origin + path, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    def end(self, how: int = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        code = self.process.wait(PATIENCE)
        self._thread.join()
        self.process.stderr.close()
        return code


@pytest.fixture
def listening(tmp_path, sound, night):  # noqa: F811
    """Listens to the first cry of the scene, from three seconds before it."""
    begin, end = night.cries[0][:2]
    player = tmp_path / "player.py"
    player.write_text(PLAYER)
    source = shlex.join([sys.executable, str(player), str(sound), str(begin - 3), str(min(end, begin + 9))])
    found = Listening(tmp_path, source)
    yield found
    if found.process.poll() is None:
        found.end(signal.SIGKILL)


@needs_bundled
def test_a_cry_comes_to_the_page_with_sound(listening):
    wait_for(lambda: listening.get("/api/state")["hearing"], "sound", PATIENCE)
    wait_for(lambda: listening.get("/api/state")["crying"], "the cry", PATIENCE)
    assert listening.post("/api/mute", {"minutes": 30})["muted_until"]
    threshold = listening.post("/api/threshold", {"threshold": 0.75})["threshold"]
    assert threshold == listening.get("/api/state")["threshold"] == 0.75
    wait_for(lambda: listening.get("/api/cries")[0]["clip"], "the recording", PATIENCE)
    (cry,) = listening.get("/api/cries")
    assert cry["ended_at"] > cry["started_at"]
    assert listening.get(f"/api/cries/{cry['event']}")["curve"]
    with urllib.request.urlopen(listening.origin + cry["clip"], timeout=60) as answer:
        assert answer.read(4) == b"fLaC"
    assert listening.end() == 0
    assert "Traceback" not in "".join(listening.said)


@needs_bundled
@needs_browser
def test_a_death_is_seen_within_six_seconds(listening, tmp_path):
    """By the browser's own clock, from the last message to the words on the screen."""
    wait_for(lambda: listening.get("/api/state")["hearing"], "sound", PATIENCE)
    with browsing(tmp_path / "profile") as context:
        tab = context.new_page()
        tab.goto(listening.origin, timeout=60_000)
        tab.wait_for_selector("#now.quiet, #now.crying", timeout=60_000)
        listening.end(signal.SIGKILL)
        tab.wait_for_selector("#now.contact", timeout=60_000)
        waited = tab.evaluate("Date.now() - heardAt")
        # Not a time of this machine, but the page's rule: five seconds, and its next look.
        assert waited >= 5000
        assert tab.locator("#state").text_content() == "No contact"
