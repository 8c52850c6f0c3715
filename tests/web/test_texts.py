"""Languages: each has every text, with the same places for values."""

import re
from pathlib import Path

import pytest

from edgecry.web.pages import Pages
from edgecry.web.texts import chosen, languages

ENGLISH = languages()["en"]


@pytest.mark.parametrize("code", sorted(set(languages()) - {"en"}))
def test_a_language_is_whole(code):
    texts = languages()[code]
    assert set(texts) == set(ENGLISH)
    for key, text in texts.items():
        assert text.strip(), key
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", ENGLISH[key])), key


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ("de-AT,de;q=0.9,en;q=0.5", "de"),
        ("en-GB,de;q=0.9", "en"),
        ("fr,de;q=0.5", "de"),
        ("fr", "en"),
        ("", "en"),
        ("*", "en"),
        ("de;q=x", "en"),
        ("../../etc", "en"),
        ("de;q=0.1,en;q=0.9", "en"),
    ],
)
def test_the_browser_chooses(wanted, code):
    assert chosen(wanted) == code


def test_no_text_is_left_over():
    """A text that no page shows is a text that translators write for nobody."""
    folder = Path(__file__).parents[2] / "edgecry" / "web"
    code = "".join(path.read_text() for path in (*folder.glob("*.py"), *folder.glob("files/*.js")))
    made = {f"state.{name}" for name in ("starting", "quiet", "crying", "deaf", "contact")}
    made |= {key for key in ENGLISH if key.split(".")[0] in ("nights", "nav", "health", "cry")}
    assert {key for key in ENGLISH if f'"{key}"' not in code} - made <= {"language"}


def test_the_page_says_its_language():
    assert '<html lang="de">' in Pages("", "de").door("")
