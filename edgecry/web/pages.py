"""The pages as HTML. All values in a page are escaped, except drawings that are made here."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any, Final

from edgecry import __version__
from edgecry.web.charts import curve, grid
from edgecry.web.nights import Night
from edgecry.web.texts import Texts, chosen, languages

#: The only files that a browser can ask for by name, with their types.
STATIC: Final[Mapping[str, str]] = {
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "icon-192.png": "image/png",
    "icon-512.png": "image/png",
    "manifest.webmanifest": "application/manifest+json",
}
#: Texts that the script needs.
_SPOKEN: Final = (
    "state.",
    "mute.",
    "tonight.",
    "cries.",
    "verdict.",
    "level",
    "probability",
    "microphone.",
    "unit.",
    "error",
    "health.threshold.",
)


@cache
def static(name: str) -> bytes:
    """Return one of the files of :data:`STATIC`."""
    return (files("edgecry.web") / "files" / name).read_bytes()


class Pages:
    """Writes pages for one reader.

    Parameters
    ----------
    prefix : str
        The path under which a proxy shows the page; empty if it is shown as it is.
    wanted : str
        The languages that the browser asks for.
    name : str
        What the device is called.
    """

    def __init__(self, prefix: str, wanted: str, name: str = "") -> None:
        self._prefix, self._name = prefix, name
        self._language = chosen(wanted)
        self._t: Texts = languages()[self._language]

    def text(self, key: str, **values: object) -> str:
        """Return a text, escaped, with values in it."""
        return escape(self._t[key].format_map({name: str(value) for name, value in values.items()}))

    def now(self, now: Mapping[str, Any]) -> str:
        """Write the first page."""
        t = self.text
        body = f"""
<section id="now" class="state starting">
  <div role="status"><h1 id="state">{t("state.starting")}</h1></div>
  <p id="detail"></p>
</section>
<section id="several" hidden>
  <h2>{t("microphones")}</h2>
  <ul id="microphones" class="microphones"></ul>
</section>
<section id="meters" class="meters">
  <label for="level">{t("level")} <span id="level-text"></span></label>
  <meter id="level" min="-80" max="0" value="-80"></meter>
  <label for="score">{t("probability")} <span id="score-text"></span></label>
  <meter id="score" min="0" max="1" value="0"></meter>
</section>
<section>
  <button id="mute" class="big" aria-describedby="mute-said">{t("mute.do")}</button>
  <p id="mute-said" class="said" role="status"></p>
  <p id="mute-own" class="small" hidden>{t("mute.own", name=self._name)}</p>
</section>
<section id="last" hidden>
  <h2>{t("play.last")}</h2>
  <audio id="player" controls preload="none"></audio>
</section>
<section><h2>{t("tonight")}</h2><p id="tonight"></p></section>
<section><h2>{t("cries.last")}</h2><ol id="cries" class="cries"></ol></section>
<noscript><p>{t("noscript")}</p></noscript>"""
        return self._page("now", self._name or self._t["title"], body, now)

    def nights(self, nights: Sequence[Night]) -> str:
        """Write the last nights as a drawing and as figures."""
        t = self.text
        rows = "".join(
            f'<tr><th scope="row">{night.day:%d.%m.}</th><td>{night.cries}</td>'
            f"<td>{night.minutes:.0f}</td><td>{self._minutes(night.quiet)}</td></tr>"
            # A night in which it did not listen was not a quiet one.
            if night.cries or any(night.heard)
            else f'<tr><th scope="row">{night.day:%d.%m.}</th><td colspan="3">{t("nights.deaf")}</td></tr>'
            for night in nights
        )
        heads = "".join(
            f'<th scope="col">{t(f"nights.{name}")}</th>' for name in ("night", "cries", "minutes", "quiet")
        )
        body = f"""
<h1>{t("nights.title")}</h1>
<p>{t("nights.about")}</p>
{grid(nights)}
<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"""
        return self._page("nights", self._t["nights.title"], body)

    def cry(self, cry: Mapping[str, Any], points: str | None, threshold: float | None) -> str:
        """Write what is known of one cry, with its recording. ``cry`` is what the interface tells of it."""
        t = self.text
        started = datetime.fromisoformat(cry["started_at"]).astimezone()
        title = t("cry.title", time=f"{started:%d.%m. %H:%M}")
        length = self._span(cry["duration"]) if cry["ended_at"] else t("cry.going_on")
        label = t("cry.uncertain") if cry["label"] == "uncertain" else escape(cry["label"] or "–")
        facts = {
            "length": length, "peak": f"{cry['peak']:.2f}", "mean": f"{cry['mean']:.2f}", "reason": label
        }  # fmt: skip
        rows = "".join(f"<dt>{t(f'cry.{name}')}</dt><dd>{value}</dd>" for name, value in facts.items())
        said = self._t["cry.curve"].format(threshold="–" if threshold is None else f"{threshold:.2f}")
        drawn = curve(json.loads(points), threshold, cry["duration"], said) if points else ""
        clip = cry["clip"]
        sound = f"<p>{t('cry.no_clip')}</p>"
        if clip is not None:
            picture = escape(clip.removesuffix(".flac") + ".png")
            sound = f"""<img class="picture" src="{picture}" alt="{t("cry.picture")}">
<audio id="player" controls preload="metadata" src="{escape(clip)}"></audio>"""
        muted = f"<p>{t('cry.muted')}</p>" if cry["muted"] else ""
        body = f"""
<h1>{title}</h1>
{sound}
{drawn}
<dl>{rows}</dl>
{muted}
<section id="verdict" data-event="{escape(cry["event"])}" data-verdict="{escape(cry["verdict"] or "")}">
  <h2>{t("verdict.question")}</h2>
  <div class="choice">
    <button data-say="cry" aria-pressed="false">{t("verdict.cry")}</button>
    <button data-say="not a cry" aria-pressed="false">{t("verdict.not")}</button>
  </div>
  <p id="verdict-said" class="said" role="status"></p>
  <p class="small">{t("verdict.why")}</p>
</section>"""
        return self._page("cry", title, body)

    def health(
        self, now: Mapping[str, Any], counters: Mapping[str, float], troubles: Sequence[Mapping[str, Any]]
    ) -> str:
        """Write the health of the service, with the control for its threshold."""
        t = self.text
        microphone = now["reason"] or (
            self._t["health.hears"] if now["hearing"] else self._t["state.starting"]
        )
        facts = {
            "microphone": microphone,
            "device": now["name"],
            "up": f"{datetime.fromisoformat(now['started_at']).astimezone():%d.%m. %H:%M}",
            "version": __version__,
        }
        rows = "".join(
            f"<dt>{t(f'health.{name}')}</dt><dd>{escape(value)}</dd>" for name, value in facts.items()
        )
        noted = "".join(
            f"<li><time>{datetime.fromtimestamp(one['t']).astimezone():%d.%m. %H:%M}</time> "
            f"{escape(one['detail'] or self._t['health.hears'])}</li>"
            for one in troubles
        )
        counted = "".join(
            f'<tr><th scope="row">{escape(name)}</th><td>{value:g}</td></tr>'
            for name, value in sorted(counters.items())
        )
        threshold = f"{now['threshold']:.2f}"
        body = f"""
<h1>{t("health.title")}</h1>
<dl>{rows}</dl>
<form id="threshold-form">
  <label for="threshold">{t("health.threshold")} <output id="threshold-text">{threshold}</output></label>
  <input id="threshold" type="range" min="0.05" max="0.99" step="0.01" value="{threshold}">
  <p class="small">{t("health.threshold.why")}</p>
  <button>{t("health.threshold.set")}</button>
  <p id="threshold-said" class="said" role="status"></p>
</form>
<h2>{t("health.troubles")}</h2>
{f"<ul>{noted}</ul>" if noted else f"<p>{t('health.untroubled')}</p>"}
<details><summary>{t("health.counters")}</summary><table><tbody>{counted}</tbody></table></details>"""
        return self._page("health", self._t["health.title"], body)

    def door(self, said: str) -> str:
        """Write the page that asks for the key. ``said`` tells what went wrong; it is empty at first."""
        t = self.text
        wrong = f'<p class="wrong" role="alert">{t("door.wrong")}</p>' if said else ""
        body = f"""
<h1>{t("door.title")}</h1>
{wrong}
<form method="get" action="./">
  <label for="key">{t("door.label")}</label>
  <input id="key" name="key" type="password" autocomplete="current-password" required>
  <button class="big">{t("door.open")}</button>
</form>
<p class="small">{t("door.why")}</p>"""
        return self._page("door", self._t["door.title"], body)

    def gone(self) -> str:
        """Write that there is no such cry."""
        return self._page("gone", self._t["cry.gone"], f"<h1>{self.text('cry.gone')}</h1>")

    def _page(self, page: str, title: str, body: str, now: Mapping[str, Any] | None = None) -> str:
        t = self.text
        links = "".join(
            f'<a href="{path}"{" aria-current=page" if name == page else ""}>{t(f"nav.{name}")}</a>'
            for name, path in (("now", "./"), ("nights", "nights"), ("health", "health"))
        )
        navigation = "" if page == "door" else f'<nav aria-label="{t("nav.label")}">{links}</nav>'
        spoken = {key: text for key, text in self._t.items() if key.startswith(_SPOKEN)}
        data = json.dumps({"page": page, "now": now, "texts": spoken, "language": self._language})
        # Inside a script element only "</" and "<!--" have a meaning.
        data = data.replace("<", "\\u003c")
        return f"""<!DOCTYPE html>
<html lang="{self._language}">
<head>
<meta charset="utf-8">
<base href="{escape(self._prefix)}/">
<title>{escape(title)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<meta name="theme-color" content="#10141a" media="(prefers-color-scheme: dark)">
<meta name="theme-color" content="#f4f2ee" media="(prefers-color-scheme: light)">
<link rel="stylesheet" href="page.css">
<link rel="icon" href="icon.svg" type="image/svg+xml">
<link rel="apple-touch-icon" href="icon-192.png">
<link rel="manifest" href="manifest.webmanifest">
<script id="data" type="application/json">{data}</script>
<script src="page.js" defer></script>
</head>
<body class="{page}">
{navigation}
<main>{body}
</main>
</body>
</html>
"""

    def _span(self, seconds: float) -> str:
        whole = round(seconds)
        if whole < 60:
            return f"{whole} {self.text('unit.s')}"
        return self._minutes(whole // 60)

    def _minutes(self, minutes: int) -> str:
        hours, left = divmod(minutes, 60)
        shown = f"{left} {self.text('unit.min')}"
        return f"{hours} {self.text('unit.h')} {shown}" if hours else shown
