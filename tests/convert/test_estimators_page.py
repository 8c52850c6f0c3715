"""docs/estimators.md lists the zoo, all of it and nothing else."""

from convert.portable.boosted import names_of_boosted
from tests.convert.estimators import PAGE, stated
from tests.convert.zoo import ZOO


def test_page_and_zoo_agree() -> None:
    assert list(stated()) == list(ZOO)
    assert max(stated().values()) <= 1e-5


def test_what_the_page_names_is_refused_or_known() -> None:
    """Classes in the tables exist under these names, so that the page does not rot."""
    import re

    from sklearn.utils import all_estimators

    known = {name for name, _ in all_estimators()} | {"FrozenEstimator", "IterativeImputer"}
    known |= set(names_of_boosted())
    tables = PAGE.read_text(encoding="utf-8").partition("## What converts with a condition")[2]
    rows = [line.split("|")[1] for line in tables.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`([A-Z]\w+)", row)}
    assert len(named) > 15
    assert named <= known
