"""Cries as labels for programs that show sound: Audacity, Raven and video players.

These formats have no place for a recording that failed. Its error is printed on stderr.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgecry.answers.writers import Writer
from edgecry.terminal import printable


class AudacityWriter(Writer):
    """Label track of Audacity, for one recording: start and end in seconds and a text, separated by tabs."""

    single = needs_times = grows = True

    def put(self, told: Mapping[str, Any], text: str) -> None:  # noqa: ARG002
        """Write a line for each cry."""
        for cry in told.get("cries", ()):
            print(f"{cry['start']:.6f}\t{cry['end']:.6f}\t{caption(cry)}", file=self.stream, flush=True)


class SubtitleWriter(Writer):
    """Subtitles (SubRip), for one recording: numbered captions with times to the millisecond."""

    single = needs_times = grows = True

    def put(self, told: Mapping[str, Any], text: str) -> None:  # noqa: ARG002
        """Write a caption for each cry."""
        for cry in told.get("cries", ()):
            span = f"{_stamp(cry['start'])} --> {_stamp(cry['end'])}"
            print(f"{cry['number']}\n{span}\n{caption(cry)}\n", file=self.stream, flush=True)


class RavenWriter(Writer):
    """Selection table of Raven: a line for each cry, with its time in its file and in all files in a row."""

    needs_times = grows = True

    COLUMNS = (
        *(
            "Selection",
            "View",
            "Channel",
            "Begin Time (s)",
            "End Time (s)",
            "Low Freq (Hz)",
            "High Freq (Hz)",
        ),
        *("Begin Path", "File Offset (s)", "Label", "Peak", "Mean"),
    )
    #: The band that the detector hears, in Hz.
    BAND = (0, 8000)

    def begin(self) -> None:
        """Write the header."""
        self.count, self.before = 0, 0.0
        self._line(self.COLUMNS)

    def put(self, told: Mapping[str, Any], text: str) -> None:  # noqa: ARG002
        """Write a line for each cry."""
        for cry in told.get("cries", ()):
            self.count += 1
            start, end = self.before + cry["start"], self.before + cry["end"]
            self._line(
                (
                    *(self.count, "Spectrogram 1", 1, f"{start:.3f}", f"{end:.3f}", *self.BAND),
                    *(printable(told["file"]), f"{cry['start']:.3f}", printable(cry["label"])),
                    *(cry["peak"], cry["mean"]),
                )
            )
        self.before += told.get("duration", 0.0)

    def _line(self, values: tuple[object, ...]) -> None:
        print("\t".join(map(str, values)), file=self.stream, flush=True)


def caption(cry: Mapping[str, Any]) -> str:
    """Return the caption of a cry: a word and its highest probability."""
    return f"{printable(cry['label'].replace('_', ' '))} {cry['peak']:.2f}"


def _stamp(seconds: float) -> str:
    """Write a time as SubRip does: ``hh:mm:ss,mmm``."""
    milliseconds = round(1000 * seconds)
    whole = milliseconds // 1000
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d},{milliseconds % 1000:03d}"
