"""A web server of files, of the kinds that there are: with parts of files, and without."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread


class _Handler(SimpleHTTPRequestHandler):
    """Sends parts of files if it is asked for them, and counts what it sends."""

    def do_GET(self):
        path = Path(self.translate_path(self.path))
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if not (self.server.parts and wanted and path.is_file()):
            self.server.sent.append(None)
            super().do_GET()
            return
        start, stop = int(wanted[1]), min(int(wanted[2]) + 1, path.stat().st_size)
        self.server.sent.append((start, stop))
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{path.stat().st_size}")
        self.send_header("Content-Length", str(stop - start))
        self.end_headers()
        self.wfile.write(path.read_bytes()[start:stop])

    def log_message(self, *_):
        """Say nothing."""


@contextmanager
def file_server(folder: Path, parts: bool = True) -> Iterator[tuple[str, list]]:
    """Serve a folder on loopback: its address, and the (start, stop) of each part sent, None for a whole."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
    server.parts, server.sent = parts, []
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", server.sent
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
