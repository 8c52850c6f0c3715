"""The recipe of the vectors that the zoo's classifiers read."""

from edgecry import FeatureSpec
from tests.convert.zoo import N_FEATURES

SPEC = FeatureSpec(families=["mfcc"], n_mfcc=N_FEATURES, n_mels=40)
