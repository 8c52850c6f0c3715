"""Reports as one HTML file: nothing to fetch, nothing to run, fit for a screen reader and for paper."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from html import escape

from convert.evaluation.exhibit import Excerpt, Exhibit
from convert.evaluation.pictures import Picture, pictures
from convert.evaluation.report import Comparison, Report, Section, Table

STYLE = """
:root { color-scheme: light dark; --ink: #1a1a1a; --paper: #fff; --line: #bbb; --link: #0b57a4; }
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #e4e4e4; --paper: #121212; --line: #4a4a4a; --link: #8ab8f0; }
  .pictures img { filter: invert(.93) hue-rotate(180deg); }
}
@media screen { td { white-space: nowrap; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 72rem;
  margin: 2rem auto; padding: 0 1rem; }
a { color: var(--link); }
h1, h2 { line-height: 1.2; }
h1:not(:first-child) { margin-top: 5rem; }
h2 { margin-top: 2.5rem; border-bottom: 2px solid var(--ink); }
nav ul { padding-left: 1.2rem; columns: 22rem; }
dt { font-weight: 600; }
dd { margin: 0 0 .5rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: .25rem 0; }
th, td { text-align: left; padding: .25rem 1rem .25rem 0; border-bottom: 1px solid var(--line); }
thead th { border-bottom: 2px solid var(--ink); }
tbody th { font-weight: 400; }
.leaky { background: #8b0000; color: #fff; font-weight: 700; padding: .5rem 1rem; margin: 1rem 0 0; }
.pictures { display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); }
figure { margin: 0; max-width: 36rem; }
img { width: 100%; height: auto; }
audio { width: 100%; height: 2.2rem; }
.excerpts { display: grid; gap: 1.5rem; margin-top: 1rem;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 22rem), 1fr)); }
figcaption strong { overflow-wrap: anywhere; }
@media print {
  body { margin: 0; max-width: none; font-size: 11px; }
  .scroll { overflow: visible; }
  audio { display: none; }
  figure, table { break-inside: avoid; }
  h2 { break-after: avoid; }
  .leaky { color: #000; background: none; border: 3px solid #000; }
}
"""


def page(*reports: Report) -> str:
    """Make the HTML document of one report or more, pictures and all.

    Raises
    ------
    ConversionError
        matplotlib, which draws the pictures, is not installed.
    """
    title = "; ".join(report.title for report in reports)
    contents = "\n".join(_contents(number, report) for number, report in enumerate(reports))
    body = "\n".join(part for number, report in enumerate(reports) for part in _report(number, report))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<nav aria-label="Contents">
{contents}
</nav>
<main>
{body}
</main>
</body>
</html>
"""


def _contents(number: int, report: Report) -> str:
    """Name the sections of a report, each with a link to it."""
    links = "\n".join(
        f'<li><a href="#{_anchor(number, place)}">{escape(section.title)}</a></li>'
        for place, section in enumerate(report.sections)
    )
    return f'<p><a href="#r{number}">{escape(report.title)}</a></p>\n<ul>\n{links}\n</ul>'


def _anchor(number: int, place: int) -> str:
    return f"r{number}-{place}"


def _report(number: int, report: Report) -> Iterator[str]:
    yield f"""<h1 id="r{number}">{escape(report.title)}</h1>
{_warning(report.leak)}<dl>
<dt>Protocol</dt><dd>{escape(report.protocol)}</dd>
<dt>Data</dt><dd>{escape(report.data)}</dd>
</dl>"""
    for place, section in enumerate(report.sections):
        yield from _section(section, report.leak, _anchor(number, place))


def _section(section: Section, leak: str, anchor: str) -> Iterator[str]:
    yield f'<section id="{anchor}">\n<h2>{escape(section.title)}</h2>'
    for table in section.tables():
        yield _warning(leak) + _table(table)
    if section.notes:
        yield "\n".join(f"<p>{escape(note)}</p>" for note in section.notes)
    if isinstance(section, Comparison):
        yield _warning(leak) + '<div class="pictures">'
        yield from map(_figure, pictures(section))
        yield "</div>"
    if isinstance(section, Exhibit):
        if drawn := section.draw():
            yield _warning(leak) + f'<div class="pictures">{"".join(map(_figure, drawn))}</div>'
        if section.excerpts:
            yield f'<div class="excerpts">{"".join(map(_excerpt, section.excerpts))}</div>'
    yield "</section>"


def _warning(leak: str) -> str:
    return f'<p class="leaky">{escape(leak)}</p>\n' if leak else ""


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in table.head)
    rows = "\n".join(
        f'<tr><th scope="row">{escape(name)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in cells)}</tr>'
        for name, *cells in table.rows
    )
    return (
        f'<div class="scroll"><table>\n<caption>{escape(table.caption)}</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table></div>"
    )


def _figure(picture: Picture) -> str:
    data = base64.b64encode(picture.svg).decode()
    return (
        f'<figure><img alt="{escape(picture.alt)}" src="data:image/svg+xml;base64,{data}">'
        f"<figcaption>{escape(picture.title)}</figcaption></figure>"
    )


def _excerpt(excerpt: Excerpt) -> str:
    picture = base64.b64encode(excerpt.picture()).decode()
    kind, data = excerpt.sound()
    sound = base64.b64encode(data).decode()
    title, text = escape(excerpt.title), escape(excerpt.text)
    return (
        f'<figure><img alt="Spectrogram of {title}: {text}" src="data:image/png;base64,{picture}">'
        f'<audio controls preload="none" aria-label="{title}" src="data:{kind};base64,{sound}"></audio>'
        f"<figcaption><strong>{title}</strong><br>{text}</figcaption></figure>\n"
    )
