"""Evaluation that cannot fool us: splits by group, everything fitted inside the fold, intervals, baselines.

``folds`` splits, ``protocol`` runs a procedure over the splits, ``figures`` measures what came out,
``bootstrap`` and ``permutation`` say how sure that is, ``gain`` whether it hangs on loudness, and
``report`` tells it, as text, JSON and (``page``) HTML. Nothing but ``model`` and ``generic`` knows of
files or features.
"""

from convert.evaluation.bootstrap import Interval, bootstrap, bootstrap_mean, resamples
from convert.evaluation.figures import (
    PER_CLASS,
    SUMMARY,
    Figures,
    Probabilities,
    Reliability,
    auc,
    brier,
    calibration_error,
    confusion,
    decide,
    figures,
    log_loss,
    recall_at_fpr,
    reliability,
    table,
    threshold_at_fpr,
)
from convert.evaluation.folds import (
    FOLDS,
    Fold,
    grouped_folds,
    out_of_fold,
    prior_of_fold,
)
from convert.evaluation.gain import DECIBELS, GainFigures, gain_test, scaled
from convert.evaluation.permutation import Permutations, permutation_test, permuted
from convert.evaluation.procedures import (
    BASELINES,
    Constant,
    Estimator,
    Fitted,
    Majority,
    Prior,
    Procedure,
)
from convert.evaluation.protocol import (
    SEEDS,
    Detections,
    Splits,
    choose_threshold,
    cross_validate,
    detect,
    leave_one_out,
    spread,
)

__all__ = [
    "BASELINES",
    "DECIBELS",
    "FOLDS",
    "PER_CLASS",
    "SEEDS",
    "SUMMARY",
    "Constant",
    "Detections",
    "Estimator",
    "Figures",
    "Fitted",
    "Fold",
    "GainFigures",
    "Interval",
    "Majority",
    "Permutations",
    "Prior",
    "Probabilities",
    "Procedure",
    "Reliability",
    "Splits",
    "auc",
    "bootstrap",
    "bootstrap_mean",
    "brier",
    "calibration_error",
    "choose_threshold",
    "confusion",
    "cross_validate",
    "decide",
    "detect",
    "figures",
    "gain_test",
    "grouped_folds",
    "leave_one_out",
    "log_loss",
    "out_of_fold",
    "permutation_test",
    "permuted",
    "prior_of_fold",
    "recall_at_fpr",
    "reliability",
    "resamples",
    "scaled",
    "spread",
    "table",
    "threshold_at_fpr",
]
