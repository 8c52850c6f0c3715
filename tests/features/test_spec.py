"""FeatureSpec: what it lays out, and that text, hash and equality agree. Refusals are beside this file."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecry.errors import SpecError
from edgecry.features.families import SEED_FAMILIES, TONNETZ_MIN_SR
from edgecry.features.spec import FeatureSpec

PLAIN = ("mean", "std", "var", "min", "max", "skew", "kurtosis", "p0", "p5", "p50", "p100")
ALL_STATISTICS = tuple(prefix + name for prefix in ("", "delta_", "delta2_", "all_") for name in PLAIN)


# -- the public model's recipe ---------------------------------------------------------------------


def test_the_default_is_the_194_value_recipe():
    spec = FeatureSpec()
    assert spec.n_features == 194
    assert spec.slices == {
        "mfcc": slice(0, 40),
        "chroma": slice(40, 52),
        "mel": slice(52, 180),
        "contrast": slice(180, 188),
        "tonnetz": slice(188, 194),
    }
    assert (spec.sr, spec.n_mfcc, spec.n_mels, spec.n_bands, spec.fmin) == (16000, 40, 128, 7, 100.0)
    assert (spec.n_fft, spec.hop_length, spec.win_length) == (1024, 160, 400)
    assert (spec.stft_n_fft, spec.stft_hop_length, spec.stft_win_length) == (2048, 512, None)
    assert spec.names[0] == "mfcc_0"
    assert spec.names[-1] == "tonnetz_5"


def test_the_default_hash_changes_on_purpose_only():
    """Caches and stored vectors go by it. (Model files state the hash of the text they hold.)"""
    assert FeatureSpec().hash == "63a28b04bf71f7f03c68673ca8bbec915253dc6c3b4ab0dc2a8705f1b03f3ce5"


# -- order, names, slices --------------------------------------------------------------------------


def test_families_are_laid_out_in_the_order_given():
    spec = FeatureSpec(families=["tonnetz", "mfcc"])
    assert spec.slices == {"tonnetz": slice(0, 6), "mfcc": slice(6, 46)}
    assert spec.names[5:8] == ("tonnetz_5", "mfcc_0", "mfcc_1")


def test_inside_a_family_each_statistic_is_whole():
    spec = FeatureSpec(families=("contrast",), n_bands=1, stats=("std", "mean", "delta_p50"))
    assert spec.names == (
        "contrast_0_std",
        "contrast_1_std",
        "contrast_0",
        "contrast_1",
        "contrast_0_delta_p50",
        "contrast_1_delta_p50",
    )


def test_a_mapping_may_leave_families_out():
    spec = FeatureSpec(families=("mel", "chroma"), stats={"chroma": ["max"]})
    assert spec.stats_by_family == (("mel", ("mean",)), ("chroma", ("max",)))


@pytest.mark.parametrize(
    ("family", "width"), [("mfcc", 13), ("chroma", 12), ("mel", 64), ("contrast", 6), ("tonnetz", 6)]
)
def test_width_of_a_frame(family, width):
    assert FeatureSpec(n_mfcc=13, n_mels=64, n_bands=5).width(family) == width


# -- equality, hashing, replacing ------------------------------------------------------------------


@pytest.mark.parametrize(
    "stats",
    [
        ["mean", "std"],
        ("mean", "std"),
        dict.fromkeys(reversed(SEED_FAMILIES), ("mean", "std")),
        tuple((family, ("mean", "std")) for family in SEED_FAMILIES),
    ],
)
def test_every_way_to_say_the_statistics_gives_the_same_spec(stats):
    plain = FeatureSpec(stats=("mean", "std"))
    assert FeatureSpec(stats=stats) == plain
    assert FeatureSpec(stats=stats).hash == plain.hash


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"fmin": 100}, {"fmin": 100.0}),
        ({"mel_fmin": -0.0}, {"mel_fmin": 0.0}),
        ({"length": Fraction(7, 2)}, {"length": 3.5}),
        ({"length": np.float32(7)}, {"length": 7}),
        ({"n_mels": np.int64(64)}, {"n_mels": 64}),
        ({"families": list(SEED_FAMILIES)}, {"families": SEED_FAMILIES}),
    ],
)
def test_equal_specs_have_equal_text_and_hash(one, other):
    a, b = FeatureSpec(**one), FeatureSpec(**other)
    assert a == b
    assert hash(a) == hash(b)
    assert a.to_json() == b.to_json()
    assert a.hash == b.hash


def test_every_parameter_counts_in_equality_and_hash():
    changed = {
        "sr": 22050,
        "families": ("mel",),
        "stats": ("std",),
        "n_mfcc": 13,
        "n_fft": 512,
        "hop_length": 128,
        "win_length": 256,
        "n_mels": 64,
        "mel_fmin": 50.0,
        "mel_fmax": 4000.0,
        "stft_n_fft": 1024,
        "stft_hop_length": 256,
        "stft_win_length": 1000,
        "n_bands": 5,
        "fmin": 120.0,
        "length": 3.0,
        "padding": "repeat",
        "crop": "center",
        "voice_fmin": 200.0,
        "voice_fmax": 800.0,
        "center": False,
        "level": "remove",
        "floor_db": 60.0,
        "htk": True,
        "mel_norm": "none",
        "mel_unit": "db",
        "dct_type": 3,
        "dct_norm": "none",
        "lifter": 22.0,
        "chroma_power": 2,
        "tonnetz_of": "harmonic",
        "roll_percent": 0.9,
        "poly_order": 2,
    }
    assert set(changed) == {field.name for field in dataclasses.fields(FeatureSpec)}
    specs = [FeatureSpec(), *(FeatureSpec(**{name: value}) for name, value in changed.items())]
    assert len(set(specs)) == len({spec.hash for spec in specs}) == len(changed) + 1


def test_it_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        FeatureSpec().sr = 8000


def test_it_does_not_follow_the_lists_it_was_given():
    families, stats = ["mel", "mfcc"], {"mel": ["mean", "std"]}
    spec = FeatureSpec(families=families, stats=stats)
    families.clear()
    stats["mel"].append("max")
    assert spec.names[128] == "mel_0_std"
    assert spec.n_features == 2 * 128 + 40


def test_it_survives_pickling():
    spec = FeatureSpec(stats={"mel": ("std",)})
    assert pickle.loads(pickle.dumps(spec)) == spec


def test_replace_keeps_the_statistics_of_the_families_that_stay():
    spec = FeatureSpec(stats={"mel": ("std", "p50")})
    fewer = dataclasses.replace(spec, families=("chroma", "mel"))
    assert fewer == FeatureSpec(families=("chroma", "mel"), stats={"mel": ("std", "p50")})
    more = dataclasses.replace(fewer, families=("mfcc", "mel"))
    assert more == FeatureSpec(families=("mfcc", "mel"), stats={"mel": ("std", "p50")})


def test_replace_checks_again():
    with pytest.raises(SpecError, match="n_mfcc: 40 exceeds n_mels = 20"):
        dataclasses.replace(FeatureSpec(), n_mels=20)


def test_families_left_out_do_not_bind_the_others():
    assert FeatureSpec(families=("mel",), n_mels=20).n_features == 20
    assert FeatureSpec(families=("mel",), sr=8000, n_bands=12).n_features == 128
    assert FeatureSpec(families=("mfcc", "mel", "contrast"), sr=8000, n_bands=6, stft_n_fft=512)
    assert FeatureSpec(families=("chroma",), mel_fmax=12000).n_features == 12


# -- text ------------------------------------------------------------------------------------------


def test_json_is_canonical():
    """Sorted keys, no spaces, every parameter: what the hash is taken over."""
    text = FeatureSpec(stats={"mel": ["std"]}).to_json()
    values = json.loads(text)
    assert text == json.dumps(values, sort_keys=True, separators=(",", ":"))
    assert "sr" in values
    assert FeatureSpec.from_json(text).hash == hashlib.sha256(text.encode()).hexdigest()


def test_parameters_of_later_versions_stand_in_the_text_only_where_they_are_set():
    """So the specs of older models keep their texts, and hashes."""
    plain, lifted = FeatureSpec(), FeatureSpec(lifter=22)
    assert set(lifted.to_dict()) - set(plain.to_dict()) == {"lifter"}
    assert len(plain.to_dict()) == 23
    assert FeatureSpec.from_json(lifted.to_json()) == lifted
    assert FeatureSpec(lifter=0, htk=False, poly_order=1).hash == plain.hash


def test_a_statistic_of_all_values_is_one_number():
    stats = {"mfcc": ("all_mean", "mean"), "poly": ("all_p50",)}
    spec = FeatureSpec(families=("mfcc", "poly"), n_mfcc=2, poly_order=3, stats=stats)
    assert spec.names == ("mfcc_all_mean", "mfcc_0", "mfcc_1", "poly_all_p50")
    assert spec.slices == {"mfcc": slice(0, 3), "poly": slice(3, 4)}
    assert spec.n_features == 4


def test_a_hand_written_part_takes_the_defaults():
    spec = FeatureSpec.from_json('{"sr": 22050, "stats": {"mfcc": ["mean", "std"]}}')
    assert spec == FeatureSpec(sr=22050, stats={"mfcc": ("mean", "std")})


def test_the_example_in_the_message_is_accepted():
    with pytest.raises(SpecError) as refused:
        FeatureSpec.from_json("sr = 22050")
    example = str(refused.value).rpartition("write an object, ")[2]
    assert FeatureSpec.from_json(example).sr == 22050


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "found a JSON list, expected an object"),
        ("null", "found a JSON NoneType, expected an object"),
        ('{"sample_rate": 16000}', "unknown key 'sample_rate'; the keys are sr, families, stats"),
        ('{"sr": 16000.0}', "sr: 16000.0 is not a whole number"),
        ('{"mel_fmin": NaN}', "mel_fmin: nan is out of range; allowed are finite numbers"),
        ('{"fmin": Infinity, "families": ["mel"]}', "fmin: inf Hz is out of range"),
    ],
)
def test_text_that_is_refused(text, message):
    with pytest.raises(SpecError, match=message):
        FeatureSpec.from_json(text)


def test_keys_of_any_type_are_refused_by_name():
    with pytest.raises(SpecError, match="unknown key 7; the keys are sr, "):
        FeatureSpec.from_dict({7: 1, "sample_rate": 2})


# -- any valid spec --------------------------------------------------------------------------------

statistics = st.lists(st.sampled_from(ALL_STATISTICS), min_size=1, max_size=4, unique=True)


@pytest.mark.parametrize("prefix", ["", "stft_"])
def test_work_without_end_is_refused(prefix):
    """A model file of a stranger must not keep whoever tries it waiting."""
    slow = {"sr": 192_000, "families": ("mel", "rolloff"), f"{prefix}n_fft": 65_536}
    with pytest.raises(SpecError, match=f"{prefix}hop_length: 8 with .* make it 63 or more"):
        FeatureSpec(**slow, **{f"{prefix}hop_length": 8})
    FeatureSpec(**slow, **{f"{prefix}hop_length": 63})


@st.composite
def specs(draw) -> FeatureSpec:
    families = draw(st.permutations(SEED_FAMILIES).flatmap(lambda p: st.integers(1, 5).map(lambda n: p[:n])))
    n_fft = 2 * draw(st.integers(8, 2048))
    stft_n_fft = 2 * draw(st.integers(512, 2048))
    n_mels = draw(st.integers(1, 512))
    return FeatureSpec(
        sr=draw(st.integers(TONNETZ_MIN_SR, 48_000)),
        families=families,
        stats=draw(st.one_of(statistics, st.dictionaries(st.sampled_from(families), statistics))),
        n_mfcc=draw(st.integers(1, n_mels)),
        n_fft=n_fft,
        hop_length=draw(st.integers(1, 4096)),
        win_length=draw(st.integers(2, n_fft)),
        n_mels=n_mels,
        mel_fmin=draw(st.floats(0.0, 1000.0)),
        mel_fmax=draw(st.one_of(st.none(), st.floats(1001.0, 4000.0))),
        stft_n_fft=stft_n_fft,
        stft_hop_length=draw(st.integers(1, 4096)),
        stft_win_length=draw(st.one_of(st.none(), st.integers(2, stft_n_fft))),
        n_bands=draw(st.integers(1, 5)),
        fmin=draw(st.floats(100.0, 250.0)),
        length=draw(st.one_of(st.none(), st.floats(0.01, 3600.0))),
        padding=draw(st.sampled_from(("none", "zero", "repeat"))),
        crop=draw(st.sampled_from(("start", "center"))),
    )


@given(specs())
def test_text_and_dictionary_bring_back_the_same_spec(spec):
    for copy in (FeatureSpec.from_json(spec.to_json()), FeatureSpec.from_dict(spec.to_dict())):
        assert copy == spec
        assert copy.hash == spec.hash
        assert copy.to_json() == spec.to_json()


@given(specs())
def test_names_and_slices_tile_the_vector(spec):
    assert len(spec.names) == len(set(spec.names)) == spec.n_features
    assert tuple(spec.slices) == tuple(spec.families)
    stop = 0
    for family, part in spec.slices.items():
        assert part.start == stop
        stop = part.stop
        assert all(name.startswith(f"{family}_") for name in spec.names[part])
    assert stop == spec.n_features


@given(specs(), st.data())
def test_replacing_a_value_with_itself_changes_nothing(spec, data):
    name = data.draw(st.sampled_from([field.name for field in dataclasses.fields(FeatureSpec)]))
    assert dataclasses.replace(spec, **{name: getattr(spec, name)}) == spec


@given(specs())
def test_narrowing_to_one_family_takes_its_names(spec):
    for family, part in spec.slices.items():
        assert dataclasses.replace(spec, families=(family,)).names == spec.names[part]


def test_hash_is_the_same_in_another_process(tmp_path):
    """Python randomises the hashes of strings from process to process; this one does not depend on it."""
    import subprocess
    import sys

    code = "from edgecry import FeatureSpec; print(FeatureSpec(stats={'mel': ('std',)}).hash)"
    for seed in ("0", "1"):
        out = subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert out.stdout.strip() == FeatureSpec(stats={"mel": ("std",)}).hash


def test_orders_of_families_are_different_specs():
    orders = [FeatureSpec(families=order) for order in itertools.permutations(SEED_FAMILIES, 2)]
    assert len({spec.hash for spec in orders}) == len(orders) == 20
