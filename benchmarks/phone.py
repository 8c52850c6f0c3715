"""What a window costs the page of ``examples/phone`` in Chromium: ``python -m benchmarks.phone FOLDER``.

FOLDER is what ``examples/phone/make.sh`` wrote. The page's own code opens the detector in headless Chromium
and answers windows of noise, one after another, on one thread. Told are the time until the detector is open,
the time of a window (median and the slowest of twenty), the memory of WebAssembly, and that of the page's
process before the detector is opened, then, and after the last window.
"""

from __future__ import annotations

import argparse
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.ratio import machine
from tests.web.browser import MISSING, browsing

#: Windows that are answered before the clock runs.
WARM = 10
OPEN = """async () => {
  const memories = [], Memory = WebAssembly.Memory;
  const instantiate = WebAssembly.instantiate, streaming = WebAssembly.instantiateStreaming;
  WebAssembly.Memory = class extends Memory {
    constructor(wanted) { super(wanted); memories.push(this); }
  };
  const keep = (found) => {
    const exports = (found.instance || found).exports;
    memories.push(...Object.values(exports).filter((one) => one instanceof Memory));
    return found;
  };
  WebAssembly.instantiate = async (...given) => keep(await instantiate(...given));
  WebAssembly.instantiateStreaming = async (...given) => keep(await streaming(...given));
  window.wasm = () => memories.reduce((sum, memory) => sum + memory.buffer.byteLength, 0);
  const began = performance.now();
  const { Detector } = await import('./detector.js');
  window.detector = await Detector.open('cry-web');
  return performance.now() - began;
}"""
ANSWER = """async (n) => {
  const times = [], samples = new Float32Array(window.detector.size);
  for (let i = 0; i < n; i += 1) {
    for (let k = 0; k < samples.length; k += 1) samples[k] = 0.2 * (Math.random() - 0.5);
    const began = performance.now();
    await window.detector.probability(samples);
    times.push(performance.now() - began);
  }
  return times;
}"""


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.phone", description=__doc__)
    parser.add_argument("folder", type=Path, help="what examples/phone/make.sh wrote")
    parser.add_argument("--windows", type=int, default=200, help="how many are answered (200)")
    arguments = parser.parse_args(argv)
    if MISSING:
        parser.error(f"missing: {', '.join(MISSING)}")
    if not (arguments.folder / "cry-web.onnx").is_file():
        parser.error(f"{arguments.folder}: holds no detector; write it with examples/phone/make.sh")
    for name, value in machine().items():
        print(f"{name:13} {value}")
    with (
        TemporaryDirectory() as profile,
        serving(arguments.folder) as address,
        browsing(Path(profile)) as context,
    ):
        page = context.new_page()
        page.goto(f"{address}/index.html")
        tell(page, Path(profile), arguments.windows)


def tell(page: Any, profile: Path, n: int) -> None:
    """Measure, and print what was found."""
    before = resident(profile)
    opened = page.evaluate(OPEN)
    first = page.evaluate(ANSWER, WARM)[0]
    early = resident(profile)
    times = np.array(page.evaluate(ANSWER, n))
    late = resident(profile)
    median, slow = np.median(times), np.quantile(times, 0.95)
    print(f"open          {opened:.0f} ms, and the first window {first:.0f} ms")
    print(f"a window      {median:.1f} ms; one of twenty takes more than {slow:.1f} ms")
    print(f"WebAssembly   {page.evaluate('window.wasm()') / 1e6:.0f} MB")
    print(f"the page      {before:.0f} MB; with the detector {early:.0f} MB; after {n} windows {late:.0f} MB")


def resident(profile: Path) -> float:
    """Return MB of the process that shows the page: of this browser's renderers, the largest."""
    sizes = [0.0]
    for process in Path("/proc").iterdir():
        try:
            command = (process / "cmdline").read_bytes()
            status = (process / "status").read_text()
        except (OSError, NotADirectoryError):
            continue
        if b"--type=renderer" in command and str(profile).encode() in command + parent(status):
            sizes.append(int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1000)  # type: ignore[index]
    return max(sizes)


def parent(status: str) -> bytes:
    """Return the commands of the processes that started one."""
    found = b""
    while (pid := re.search(r"PPid:\s+(\d+)", status)[1]) not in ("0", "1"):  # type: ignore[index]
        try:
            found += (Path("/proc") / pid / "cmdline").read_bytes()
            status = (Path("/proc") / pid / "status").read_text()
        except OSError:
            break
    return found


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder, as a person does who tries the page; give its address."""

    class Quiet(SimpleHTTPRequestHandler):
        extensions_map = {**SimpleHTTPRequestHandler.extensions_map, ".mjs": "text/javascript"}  # noqa: RUF012

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


if __name__ == "__main__":
    main()
