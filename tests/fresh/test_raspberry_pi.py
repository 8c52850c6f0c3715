"""Do the page and the script that types it still fit each other?"""

from tests.fresh.raspberry_pi import ANSWERS, CHECKOUT, ELSEWHERE, NOT_TYPED, PAGE, commands, reason


def test_the_commands_are_found():
    found = commands(PAGE.read_text("utf-8"))
    assert ELSEWHERE in found
    assert {"sudo edgecry setup", "edgecry doctor", "arecord -l"} <= set(found)
    assert not [command for command in found if "#" in command]


def test_what_is_not_typed_is_on_the_page():
    found = commands(PAGE.read_text("utf-8"))
    for begin, why in NOT_TYPED.items():
        assert why in {reason(command) for command in found if command.startswith(begin)}


def test_what_is_answered_is_asked():
    asked = (CHECKOUT / "edgecry/listening/setup.py").read_text("utf-8")
    assert [word for word in ANSWERS if word not in asked] == []
