"""Evaluation that cannot fool us: splits by group, everything fitted inside the fold, intervals, baselines.

``folds`` splits, ``protocol`` runs a procedure over the splits, ``figures`` measures what came out,
``bootstrap`` and ``permutation`` say how sure that is, ``gain`` whether it hangs on loudness, and
``report`` tells it, as text, JSON and (``page``) HTML; ``sections`` goes from a procedure to the report
in one call. Nothing but ``generic``, ``model``, ``seen`` and ``bundled`` knows of files or features.
"""

from convert.evaluation.bootstrap import Interval, bootstrap, bootstrap_mean, resamples
from convert.evaluation.figures import (
    AVERAGES,
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
    threshold_at_fpr,
)
from convert.evaluation.folds import (
    FOLDS,
    Fold,
    grouped_folds,
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
from convert.evaluation.report import (
    RANDOM_SPLIT,
    Comparison,
    Measurements,
    Report,
    compare,
    gain_section,
    permutation_section,
)
from convert.evaluation.sections import cross_validated, detections, hit_rates

__all__ = [
    "AVERAGES",
    "BASELINES",
    "DECIBELS",
    "FOLDS",
    "PER_CLASS",
    "RANDOM_SPLIT",
    "SEEDS",
    "SUMMARY",
    "Comparison",
    "Constant",
    "Detections",
    "Estimator",
    "Figures",
    "Fitted",
    "Fold",
    "GainFigures",
    "Interval",
    "Majority",
    "Measurements",
    "Permutations",
    "Prior",
    "Probabilities",
    "Procedure",
    "Reliability",
    "Report",
    "Splits",
    "auc",
    "bootstrap",
    "bootstrap_mean",
    "brier",
    "calibration_error",
    "choose_threshold",
    "compare",
    "confusion",
    "cross_validate",
    "cross_validated",
    "decide",
    "detect",
    "detections",
    "figures",
    "gain_section",
    "gain_test",
    "grouped_folds",
    "hit_rates",
    "leave_one_out",
    "log_loss",
    "permutation_section",
    "permutation_test",
    "permuted",
    "recall_at_fpr",
    "reliability",
    "resamples",
    "scaled",
    "spread",
    "threshold_at_fpr",
]
