"""XGBoost, LightGBM and CatBoost."""

from __future__ import annotations

from typing import Any

PROBABILITIES: dict[str, Any] = {}
