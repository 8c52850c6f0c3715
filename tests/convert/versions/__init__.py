"""The zoo as other versions of scikit-learn fit it: ``python -m tests.convert.versions 1.2.2 1.6.1``."""
