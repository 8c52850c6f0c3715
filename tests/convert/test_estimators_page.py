"""docs/estimators.md lists the zoo, all of it and nothing else."""

import pytest

from convert.portable.boosted import names_of_boosted
from tests.convert.estimators import PAGE, stated, stated_of_every, told
from tests.convert.every import listed
from tests.convert.zoo import ZOO

pytestmark = pytest.mark.once


def test_page_and_zoo_agree() -> None:
    assert list(stated()) == list(ZOO)
    assert max(stated().values()) <= 1e-5


def test_page_lists_all_of_scikit_learn() -> None:
    assert set(listed()) <= set(stated_of_every())


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", listed())
def test_page_is_true_of(name: str) -> None:
    """Converts as near as it says, or is refused for the reason that it says."""
    assert stated_of_every()[name] == told(name)


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
