"""Evaluation that cannot fool us: splits by group, everything fitted inside the fold, intervals, baselines.

``folds`` splits, ``protocol`` runs a procedure over the splits, ``figures`` measures what came out,
``bootstrap`` and ``permutation`` say how sure that is, ``gain`` whether it hangs on loudness, and
``report`` tells it, as text, JSON and (``page``) HTML; ``sections`` goes from a procedure to the report
in one call. Nothing in this folder knows of files or features.
"""
