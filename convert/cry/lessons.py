"""Lessons: windows drawn from tracks, cut, laid in quiet, mixed and coloured, all in mel power; seeded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from convert.cry import kinds, recipe
from convert.cry.judge import Judge, asked
from convert.cry.tracks import Track
from edgecry.arrays import Float32, Float64
from edgecry.features.logmel import logmel_frames
from edgecry.features.mel import mel_frequencies

FRAMES, BANDS = recipe.SPEC.n_frames, recipe.SPEC.n_mels
#: Of the bands' middles, from 700 Hz.
OCTAVES: Final = np.log2(mel_frequencies(BANDS + 2, recipe.SPEC.mel_fmin, 3800.0)[1:-1] / 700)
#: How much more often than by their number sounds are learned that are mistaken for a cry.
HARD: Final[Mapping[str, float]] = {
    **dict.fromkeys(kinds.KINDS["cat"], 3.0),
    **dict.fromkeys(kinds.KINDS["laughter"], 3.5),
    "child_speech": 1.6,
    "phone_speech": 1.5,
    "singing": 3.0,
    "monkey": 2.0,
    "sheep_goat": 2.0,
    "sea_lion": 2.0,
    "scream": 2.0,
    "siren": 2.0,
    "toy": 1.5,
    "bird_call": 1.5,
    "rooster": 1.3,
    "door": 1.5,
    "phone_silence": 2.0,
    "room_noise": 2.0,
    "phone_noise": 1.8,
    "baby_voice": 2.0,
    "dog": 1.3,
    "wolf_coyote": 1.5,
    "music": 1.3,
    "whistle": 2.0,
    "silence": 0.3,
}
#: What a window lies under, and how often.
BACKGROUNDS: Final = ((kinds.MUSIC, 0.3), (kinds.MACHINES, 0.3), (kinds.VOICES, 0.25), (kinds.ROOMS, 0.15))
#: Categories and groups are drawn by their number to these powers, of a category at most so many.
_CATEGORY_POWER, _GROUP_POWER, _MOST = 0.7, 0.6, 60
#: Frames of a cry that is cut short: 0.7 to 2.3 s.
_SHORT: Final = (32, 115)


class _Pool(NamedTuple):
    """Tracks by category, group and recording, and cumulated weights of the first two."""

    sets: list[list[list[list[Track]]]]
    groups: list[Float64]
    categories: Float64


class _Lesson(NamedTuple):
    """A window, and what is known of it."""

    power: Float32
    is_cry: bool
    embedding: Float32
    score: float
    snr: float


class LessonBook:
    """Draws batches of windows.

    Parameters
    ----------
    tracks : sequence of Track
        All that may be learned.
    draw : recipe.Lessons
    seed : int

    Attributes
    ----------
    judge : Judge, or None
        What the teacher says; None where the tracks hold nothing of it.
    """

    def __init__(self, tracks: Sequence[Track], draw: recipe.Lessons, seed: int) -> None:
        self._draw_by, self._rng = draw, np.random.default_rng(seed)
        self.judge = Judge(tracks) if len(tracks[0].scores) else None
        self._hiss = (self._rng.standard_gamma(3, (128, FRAMES, BANDS)) / 3).astype(np.float32)
        cries, others = _grouped(tracks, True), _grouped(tracks, False)
        count = {corpus: float(_size(found)) for corpus, found in cries.items()}
        share = {c: draw.corpora.get(c, n / sum(count.values())) for c, n in count.items()}
        self._cries = _pool(cries, share)
        weight = {
            c: min(_size(found), _MOST) ** _CATEGORY_POWER * HARD.get(c, 1.0) for c, found in others.items()
        }
        self._others = _pool(others, weight)
        self._backgrounds, self._background_shares = _backgrounds(others, self._others)
        quiet: dict[str, float] = {c: 1.0 for c in kinds.QUIET if c in others}
        self._quiet = _pool(others, quiet) if quiet else self._others

    def state(self) -> dict[str, Any]:
        """Where the drawing stands, for a checkpoint."""
        return dict(self._rng.bit_generator.state)

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Go on from there."""
        self._rng.bit_generator.state = state

    def batch(self, n: int, progress: float) -> dict[str, Float32]:
        """Draw windows.

        Parameters
        ----------
        n : int
        progress : float in [0, 1]
            How much of the training is over.

        Returns
        -------
        dict
            ``x`` (n, frames, bands): log-mel frames; ``p`` (n,): the probability that is to be learned; with
            a teacher ``e`` (n, values): its embedding, and ``we`` (n,): its weight.
        """
        made = [self._lesson(progress) for _ in range(n)]
        x = np.stack([logmel_frames(one.power, FRAMES, recipe.SPEC.floor_db) for one in made])
        self._cover(x)
        y = np.array([one.is_cry for one in made])
        if self.judge is None:
            return {"x": x, "p": y.astype(np.float32)}
        scores = np.array([one.score for one in made])
        E, q = self.judge(np.stack([one.embedding for one in made]), scores)
        label = self._draw_by.label
        p = np.where(y, label + (1 - label) * q, self._draw_by.of_others * q)
        # Under a loud sound the teacher would hear something else than what it heard alone.
        weight = np.array([one.snr > 5 for one in made], np.float32)
        return {"x": x, "p": p.astype(np.float32), "e": E.astype(np.float32), "we": weight}

    # -- one window ------------------------------------------------------------------------------------

    def _lesson(self, progress: float) -> _Lesson:
        rng, by = self._rng, self._draw_by

        def now(pair: tuple[float, float]) -> float:
            return pair[0] + (pair[1] - pair[0]) * progress

        is_cry = bool(rng.random() < by.cries)
        track = self._draw(self._cries if is_cry else self._others)
        n = len(track.power)
        length = min(n, FRAMES)
        if rng.random() < now(by.short) and n > _SHORT[0] + 3:
            length = min(int(rng.uniform(*_SHORT)), length)
        start = self._stretch(track, length, is_cry)
        colour = self._colour()
        part = track.power[start : start + length] * colour
        window = self._laid(part)
        loudness = float(part.mean())
        snr = 99.0
        if rng.random() < now(by.mixed):
            snr = float(rng.uniform(now(by.lowest_snr), 22))
            other = self._background() * (colour if rng.random() < 0.5 else self._colour())
            _add(window, other, loudness, snr)
        if rng.random() < 0.6:  # a quiet room
            room = self._filled(self._draw(self._quiet)) * colour
            _add(window, room, loudness, float(rng.uniform(18, 55)))
        if rng.random() < 0.4:  # noise of a converter
            hiss = self._hiss[int(rng.integers(len(self._hiss)))]
            tilt = (10 ** (rng.normal(0, 0.25) * OCTAVES)).astype(np.float32)
            _add(window, hiss * tilt, loudness, float(rng.uniform(25, 65)))
        none = np.empty(0, np.float32), 0.0
        return _Lesson(window, is_cry, *(asked(track, start, length) if self.judge else none), snr)

    def _laid(self, part: Float32) -> Float32:
        """Lay a stretch somewhere in a window; a very short one twice at times."""
        rng, length = self._rng, len(part)
        window = np.zeros((FRAMES, BANDS), np.float32)
        place = int(rng.integers(FRAMES - length + 1)) if rng.random() < 0.7 else (FRAMES - length) // 2
        window[place : place + length] = part
        if length < 60 and rng.random() < 0.3:
            gap = length + int(rng.integers(5, 60))
            for again in (place + gap, place - gap):
                if again >= 0 and again + length <= FRAMES:
                    window[again : again + length] = part * 10 ** rng.uniform(-0.6, 0)
        return window

    def _stretch(self, track: Track, length: int, is_cry: bool) -> int:
        """Choose the first frame of a part of a track; of cries rather where the teacher hears one."""
        last = len(track.power) - length
        if last <= 0:
            return 0
        if not is_cry or self.judge is None:
            return int(self._rng.integers(last + 1))
        starts = self._rng.integers(0, last + 1, 4)
        score = np.array([track.scores[track.heard(int(start), length)].max() for start in starts]) + 0.03
        return int(self._rng.choice(starts, p=score / score.sum()))

    def _colour(self) -> Float32:
        """Choose gains of the bands, in power: another microphone, another telephone."""
        rng = self._rng
        db = np.interp(np.arange(BANDS), np.linspace(0, BANDS - 1, 5), rng.normal(0, 2.5, 5))
        db += rng.normal(0, 2) * OCTAVES
        if rng.random() < 0.35:
            cut = np.log2(rng.uniform(2300, 3800) / 700)
            db -= np.maximum(0, OCTAVES - cut) * rng.uniform(30, 120)
        if rng.random() < 0.35:
            cut = np.log2(rng.uniform(120, 420) / 700)
            db -= np.maximum(0, cut - OCTAVES) * rng.uniform(6, 24)
        return (10 ** (db / 10)).astype(np.float32)

    def _background(self) -> Float32:
        at = int(np.searchsorted(self._background_shares, self._rng.random()))
        return self._filled(self._draw(self._backgrounds[min(at, len(self._backgrounds) - 1)]))

    def _filled(self, track: Track) -> Float32:
        """Fill a window with a track: a part of a longer one, a shorter one again and again."""
        P, n = track.power, len(track.power)
        if n >= FRAMES:
            start = int(self._rng.integers(n - FRAMES + 1))
            return P[start : start + FRAMES]
        out: Float32 = np.take(P, (np.arange(FRAMES) + int(self._rng.integers(n))) % n, axis=0)
        return out

    def _draw(self, pool: _Pool) -> Track:
        rng = self._rng
        i = min(int(np.searchsorted(pool.categories, rng.random())), len(pool.sets) - 1)
        j = min(int(np.searchsorted(pool.groups[i], rng.random())), len(pool.sets[i]) - 1)
        recordings = pool.sets[i][j]
        versions = recordings[int(rng.integers(len(recordings)))]
        return versions[int(rng.integers(len(versions)))]

    def _cover(self, x: Float32) -> None:
        """Cover a stretch of frames, and of bands, of some windows by their mean (Park et al. 2019)."""
        rng = self._rng
        for window in x:
            if rng.random() < self._draw_by.masks:
                size = int(rng.integers(1, 14))
                first = int(rng.integers(FRAMES - size))
                window[first : first + size] = window.mean()
            if rng.random() < self._draw_by.masks:
                size = int(rng.integers(1, 6))
                first = int(rng.integers(BANDS - size + 1))
                window[:, first : first + size] = window.mean()


def _add(window: Float32, other: Float32, loudness: float, snr: float) -> None:
    power = float(other.mean())
    if power > 0 and loudness > 0:
        window += other * np.float32(loudness / power * 10 ** (-snr / 10))


# -- what is drawn from --------------------------------------------------------------------------------

#: By category, or corpus; then by group; then by recording.
_Grouped = dict[str, dict[str, dict[str, list[Track]]]]


def _grouped(tracks: Sequence[Track], is_cry: bool) -> _Grouped:
    """Sort tracks: cries by corpus, other sounds by category."""
    name: Callable[[Track], str] = lambda t: t.sound.corpus if is_cry else t.sound.category  # noqa: E731
    found: _Grouped = {}
    for number, track in enumerate(tracks):
        if track.sound.is_cry == is_cry:
            of_group = found.setdefault(name(track), {}).setdefault(track.sound.group, {})
            is_file = track.sound.path.is_absolute() or track.sound.path.suffix
            of_group.setdefault(str(track.sound.path) if is_file else str(number), []).append(track)
    return found


def _size(groups: Mapping[str, Mapping[str, object]]) -> int:
    return sum(map(len, groups.values()))


def _pool(found: _Grouped, weights: Mapping[str, float]) -> _Pool:
    sets = [[list(group.values()) for group in found[name].values()] for name in weights]
    groups = [_cumulated(np.array([len(group) for group in one]) ** _GROUP_POWER) for one in sets]
    return _Pool(sets, groups, _cumulated(np.array(list(weights.values()))))


def _backgrounds(others: _Grouped, instead: _Pool) -> tuple[list[_Pool], Float64]:
    """Give pools of backgrounds and their cumulated shares; all other sounds where there are none."""
    pools, shares = [], []
    for names, share in BACKGROUNDS:
        there = {name: min(len(others[name]), 20) ** 0.5 for name in names if name in others}
        if there:
            pools.append(_pool(others, there))
            shares.append(share)
    return (pools, _cumulated(np.array(shares))) if pools else ([instead], np.ones(1))


def _cumulated(weights: Float64) -> Float64:
    out: Float64 = np.cumsum(weights / weights.sum())
    return out
