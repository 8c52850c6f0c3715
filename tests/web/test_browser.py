"""The page in a real browser: what a parent sees, by thumb, by keyboard, and without contact."""

import os
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from edgecry.sinks.ids import utc
from edgecry.web.history import Minute
from edgecry.web.microphones import LOST
from tests.web.browser import browsing, needs_browser
from tests.web.standing import KEY, standing

pytestmark = needs_browser
#: Far longer than it takes, for a machine that is busy.
PATIENCE = 30_000
SIZES = {"phone": (390, 844), "small": (320, 640), "desk": (1280, 800)}


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    with browsing(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture
def nursery(tmp_path):
    """A page with two cries with recordings, nights, and sound that comes."""
    with standing(tmp_path) as page:
        page.hear()
        now = time.time()
        for i in range(200):  # the curve of the second cry
            page.show(-30.0, 0.95 if 30 < i < 170 else 0.05)
        page.tell(1, when=now - 7200)
        page.tell(2, when=now - 3000, start=20.0, end=80.0, duration=60.0)
        page.page.history.add_minutes(
            Minute(int(now // 60) - i, -45.0, 0.1, 60.0) for i in range(1, 6 * 24 * 60) if i % 1440 > 300
        )
        for night in range(1, 6):
            for k in range(night):
                page.tell(
                    10 * night + k, clip=False, when=now - 86_400 * night + 5000 * k, duration=300.0 * night
                )
        with sounding(page):
            yield page


@contextmanager
def sounding(page):
    """Have sound come, as from a listener."""
    ended, page.level, page.score = threading.Event(), -45.0, 0.1

    def come():
        while not ended.wait(0.3):
            page.show(page.level, page.score)

    thread = threading.Thread(target=come)
    page.hush = lambda: (ended.set(), thread.join())
    thread.start()
    yield
    page.hush()


@pytest.fixture
def look(context, nursery):
    """Open a path of the page in a tab of its own; complaints of the browser fail the test."""
    tabs, complaints, hosts = [], [], set()

    def opened(path: str = "/", size: str = "phone", wait: str = "main", base: str = nursery.origin):
        tab = context.new_page()
        tabs.append(tab)
        tab.set_default_timeout(PATIENCE)
        tab.set_viewport_size(dict(zip(("width", "height"), SIZES[size], strict=True)))
        tab.on("console", lambda said: complaints.append(said.text) if is_complaint(said) else None)
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
        tab.goto(base + path, wait_until="domcontentloaded")
        tab.wait_for_selector(wait)
        return tab

    yield opened
    for tab in tabs:
        tab.close()
    assert not complaints
    assert hosts <= {"127.0.0.1"}, "a request left this machine"


def is_complaint(said) -> bool:
    """Whether the browser complains of the page; that a server is gone is not the page's fault."""
    return said.type == "error" and "ERR_CONNECTION" not in said.text and "ERR_INCOMPLETE" not in said.text


def wait_for_text(tab, selector: str, text: str) -> None:
    until(
        tab,
        "([selector, text]) => document.querySelector(selector).textContent.includes(text)",
        [selector, text],
    )


def until(tab, expression: str, arg=None) -> None:
    """Wait until an expression holds; playwright's own way needs eval, which the page's policy forbids."""
    deadline = time.monotonic() + PATIENCE / 1000
    while not tab.evaluate(expression, arg):
        assert time.monotonic() < deadline, f"still waiting for {expression} {arg}: {tab.inner_text('body')}"
        tab.wait_for_timeout(50)


def test_two_cries_with_sound(look, nursery):
    """Quiet, a cry, quiet again; the newest recording can be played, and the player gets to its end."""
    tab = look()
    wait_for_text(tab, "#state", "Quiet")
    event = nursery.tell(3, "start")
    wait_for_text(tab, "#state", "Crying")
    wait_for_text(tab, "#detail", "since")
    nursery.tell(3, when=time.time() - 80)
    wait_for_text(tab, "#state", "Quiet")
    until(tab, "event => document.querySelector('#player').dataset.event === event", event)
    assert tab.locator("#cries a").count() >= 3
    duration = tab.evaluate(
        """async () => {
          const player = document.querySelector('#player');
          player.playbackRate = 4;
          await player.play();
          await new Promise((ended) => player.addEventListener('ended', ended, { once: true }));
          return player.duration;
        }"""
    )
    assert duration == pytest.approx(2.0, abs=0.05)


def test_the_level_moves(look, nursery):
    tab = look()
    nursery.level, nursery.score = -20.0, 0.5
    until(tab, "document.querySelector('#level').value === -20")
    nursery.level, nursery.score = -60.0, 0.25
    until(tab, "document.querySelector('#level').value === -60")
    assert tab.locator("#score-text").text_content() == "25 %"


def test_no_contact_after_the_server_is_gone(look, nursery):
    """Within some six seconds, and never a green page that is old."""
    tab = look()
    wait_for_text(tab, "#state", "Quiet")
    nursery.page.server.close()
    wait_for_text(tab, "#state", "No contact")
    assert tab.locator("#level-text").text_content() == "–"


def test_no_contact_while_the_listener_hangs(look, nursery):
    tab = look()
    wait_for_text(tab, "#state", "Quiet")
    nursery.hush()
    wait_for_text(tab, "#state", "No contact")


def test_a_microphone_that_is_gone(look, nursery):
    tab = look()
    nursery.hear(state="no_sound", reason="no sound for 12 s", hearing=False)
    wait_for_text(tab, "#state", "Microphone gone")
    wait_for_text(tab, "#detail", "no sound for 12 s")
    assert "deaf" in tab.locator("#now").get_attribute("class")


def report(nursery, name="cot-2", **changes):
    """Report as another listener does."""
    now = time.time()
    state = {
        "at": utc(now), "started_at": utc(1.7e9), "crying": False, "since": None, "hearing": True,
        "microphone": "hearing", "reason": "", "level_dbfs": -44.0, "probability": 0.2, "threshold": 0.8,
        "muted_until": None, "machine": "ab12",
    }  # fmt: skip
    assert nursery.post(f"/api/microphones/{name}/state", state | changes).status == 204


def test_several_microphones(look, nursery):
    """The headline is of the one that needs a look; one that does not report is lost."""
    tab = look()
    wait_for_text(tab, "#state", "Quiet")
    assert tab.locator("#several").is_hidden()
    assert tab.locator("#meters").is_visible()
    report(nursery)
    wait_for_text(tab, "#microphones", "cot-2")
    assert tab.locator("#meters").is_hidden()
    assert tab.locator("#microphones li.quiet").count() == 2
    report(nursery, crying=True, since=utc(time.time() - 60))
    tab.wait_for_selector("#now.crying")
    wait_for_text(tab, "#detail", "cot-2")
    wait_for_text(tab, "#microphones li.crying", "since")
    microphones = nursery.page.server._site.microphones
    microphones._clock = lambda: time.monotonic() + LOST + 1
    tab.wait_for_selector("#now.contact")
    wait_for_text(tab, "#microphones li.contact", "No report since")
    tab.click("#microphones li.contact button")
    tab.wait_for_selector("#now.quiet")
    assert tab.locator("#several").is_hidden()


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_several_microphones_fit_and_axe_finds_nothing(look, nursery, scheme, tmp_path):
    report(nursery, "a" * 64, crying=True, since=utc(time.time() - 60))
    report(nursery, "cot-2", hearing=False, microphone="no_sound", reason="no sound for 12 s")
    report(nursery, "cot-3")
    microphones = nursery.page.server._site.microphones
    microphones._known["cot-3"].seen -= LOST + 1
    tab = look(size="small")
    tab.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    tab.wait_for_selector("#microphones li.contact")
    wide = tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0
    assert axe_violations(tab) == []
    tab.screenshot(path=screenshots(tmp_path) / f"several-{scheme}.png", full_page=True)


def test_mute_with_one_thumb(look, nursery):
    tab = look()
    wait_for_text(tab, "#state", "Quiet")
    box = tab.locator("#mute").bounding_box()
    assert box["height"] >= 44
    tab.click("#mute")
    wait_for_text(tab, "#mute", "Muted until")
    assert nursery.controls.muted_until > time.time()
    tab.click("#mute")
    wait_for_text(tab, "#mute", "Mute alerts")
    assert nursery.controls.muted_until is None


def test_all_of_it_by_keyboard(look, nursery):
    tab = look()
    wait_for_text(tab, "#state", "Quiet")
    seen = []
    for _ in range(12):
        tab.keyboard.press("Tab")
        seen.append(tab.evaluate("document.activeElement.id || document.activeElement.textContent"))
    assert seen[:4] == ["Now", "Nights", "Health", "mute"]
    assert any("," in words for words in seen[4:]), "no cry was reached"
    tab.focus("#mute")
    tab.keyboard.press("Enter")
    wait_for_text(tab, "#mute", "Muted until")


def test_not_a_cry(look, nursery):
    event = nursery.page.history.cries(1)[0]["event"]
    tab = look(f"/cry/{event}")
    no = tab.locator("button[data-say='not a cry']")
    no.click()
    tab.wait_for_selector("button[data-say='not a cry'][aria-pressed=true]")
    assert nursery.page.history.cry(event)["verdict"] == "not a cry"
    no.click()
    tab.wait_for_selector("button[data-say='not a cry'][aria-pressed=false]")
    assert nursery.page.history.cry(event)["verdict"] is None


def test_the_threshold_is_set(look, nursery):
    tab = look("/health")
    tab.fill("#threshold", "0.6")
    tab.click("#threshold-form button")
    wait_for_text(tab, "#threshold-said", "0.60")
    assert nursery.controls.threshold == 0.6


@pytest.mark.parametrize("path", ["/", "/nights", "/health", "/cry/"])
@pytest.mark.parametrize("size", ["small", "phone"])
def test_nothing_is_wider_than_the_screen(look, nursery, path, size):
    event = nursery.page.history.cries(2)[0]["event"]
    tab = look(path + event if path == "/cry/" else path, size)
    if path == "/":
        tab.wait_for_selector("#cries a")
    wide = tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("path", ["/", "/nights", "/health", "/cry/"])
def test_axe_finds_nothing(look, nursery, path, scheme):
    event = nursery.page.history.cries(2)[0]["event"]
    for state in ("quiet", "crying", "deaf") if path == "/" else ("",):
        if state == "crying":
            nursery.tell(3, "start")
        if state == "deaf":
            nursery.tell(3, "end")
            nursery.hear(state="no_sound", reason="no sound for 12 s", hearing=False)
        tab = look(path + event if path == "/cry/" else path)
        tab.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        if state:
            tab.wait_for_selector(f"#now.{state}")
            tab.wait_for_selector("#cries a")
        assert axe_violations(tab) == []


def axe_violations(tab) -> list:
    axe = pytest.importorskip("axe_playwright_python", reason="NOT TESTED with axe: the extra browser has it")
    tab.evaluate((Path(axe.__file__).parent / "axe.min.js").read_text())
    return [
        (one["id"], [node["html"] for node in one["nodes"]])
        for one in tab.evaluate("axe.run()")["violations"]
    ]


def screenshots(otherwise: Path) -> Path:
    """The folder of pictures that EDGECRY_SCREENSHOTS names, to look at them."""
    return Path(os.environ.get("EDGECRY_SCREENSHOTS", otherwise))


def test_the_door(context, tmp_path):
    """A wrong key, the right one, and a year without being asked."""
    with standing(tmp_path, KEY) as closed:
        closed.tell()
        tab = context.new_page()
        tab.set_default_timeout(PATIENCE)
        tab.goto(closed.origin)
        tab.fill("#key", "not-the-right-key")
        tab.keyboard.press("Enter")
        tab.wait_for_selector(".wrong")
        tab.fill("#key", KEY)
        tab.keyboard.press("Enter")
        tab.wait_for_selector("#cries a")
        assert KEY not in tab.url
        tab.close()
        tab = context.new_page()
        tab.goto(closed.origin)
        tab.wait_for_selector("#mute", timeout=PATIENCE)
        (cookie,) = [one for one in context.cookies() if one["name"] == f"edgecry-{closed.port}"]
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
        assert cookie["expires"] > time.time() + 300 * 86_400
        tab.close()


def test_a_foreign_page_gets_nothing(context, nursery, tmp_path):
    """A page of another address, in the browser of somebody who may, neither reads nor mutes."""
    (tmp_path / "other").mkdir()
    with standing(tmp_path / "other") as foreign:
        tab = context.new_page()
        tab.goto(foreign.origin.replace("127.0.0.1", "localhost") + "/page.css")
        said = tab.evaluate(
            """async (origin) => {
              const ask = (path, options) =>
                fetch(origin + path, options).then((answer) => answer.type, () => 'refused');
              return [
                await ask('/api/state'),
                await ask('/api/mute', { method: 'POST', body: '{"minutes":30}',
                  headers: { 'Content-Type': 'application/json' } }),
                await ask('/api/mute', { method: 'POST', body: '{"minutes":30}', mode: 'no-cors' }),
              ];
            }""",
            nursery.origin,
        )
        assert said[:2] == ["refused", "refused"]
        assert nursery.controls.muted_until is None
        tab.close()


def test_pictures_for_the_eye(look, nursery, tmp_path, request):
    """Screenshots in both sizes and schemes; EDGECRY_SCREENSHOTS names a folder to look at them in."""
    folder = screenshots(tmp_path)
    nursery.tell(3, "start", when=time.time() - 42)
    event = nursery.page.history.cry(nursery.page.history.cries(3)[1]["event"])["event"]
    for size in ("phone", "desk"):
        for scheme in ("dark", "light"):
            for name, path in (
                ("now", "/"),
                ("nights", "/nights"),
                ("cry", f"/cry/{event}"),
                ("health", "/health"),
            ):
                tab = look(path, size)
                tab.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                if name == "now":
                    tab.wait_for_selector("#cries a")
                if name == "cry":
                    until(tab, "document.querySelector('img').complete")
                target = folder / f"{name}-{size}-{scheme}.png"
                tab.screenshot(path=target, full_page=True)
                assert target.stat().st_size > 10_000
                tab.close()
