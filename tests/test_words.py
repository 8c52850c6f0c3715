"""words: commands are shown without their secrets, and everything else is left."""

import pytest

from edgecry.errors import EdgecryError
from edgecry.words import split, without_secrets

SECRET = "geheim-42"


@pytest.mark.parametrize(
    "command",
    [
        "ffmpeg -i rtsp://user:{}@cam/live -f s16le -",
        "ffmpeg -i rtsp://user:p@{}@cam/live -",
        "ffmpeg -i //user:{}@nas/share/x -",
        "sh -c 'ffmpeg -i rtsps://{}@[::1]:322/x -'",
        "ffmpeg -i 'http://cam/x?user={}&password={}' -",
        "ffmpeg -i srt://cam:9000?passphrase={} -",
        "ffmpeg -headers 'Authorization: Bearer {}' -i http://cam/x -",
        'curl -H "X-Api-Key: {}" http://cam/x',
        "curl -u user:{} http://cam/x",
        "curl --user=user:{} http://cam/x",
        "curl --proxy-user user:{} http://cam/x",
        "wget --password={} http://cam/x",
        "wget --http-password '{} {}' http://cam/x",
        "vlc --http-password {} x",
        "gst-launch-1.0 rtspsrc location=rtsp://cam user-id=me user-pw={} ! fdsink",
        "env RTSP_PASS={} record",
        "env API_KEY='{}' record",
        "ffmpeg -cookies '{}' -i http://cam/x -",
        "mpv --http-header-fields='Cookie: sid={}' x",
    ],
)
def test_secrets_are_hidden(command):
    found = without_secrets(command.replace("{}", SECRET))
    assert SECRET not in found
    assert "..." in found
    assert found.split()[0] == command.split()[0]


@pytest.mark.parametrize(
    "command",
    [
        "arecord -q -t raw -f S16_LE -r 16000 -c 1",
        "ffmpeg -i rtsp://cam/live?channel=1&subtype=0 -f s16le -ac 1 -ar 16000 -",
        "ssh pi@board arecord -t raw",
        "record --password-file /run/secrets/cam --passes 2 -u",
        "sox -u in.wav -t raw -",
        "2026-11-30 12:00:00 no such file: /home/me/tokens/x.wav",
    ],
)
def test_the_rest_is_left(command):
    assert without_secrets(command) == command


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("cat a.raw|cat", "a.raw|cat"),
        ("cat a.raw&&cat", "a.raw&&cat"),
        ("cat a.raw;cat", "a.raw;cat"),
        ("RTSP_PASS=geheim-42 cat a.raw", "RTSP_PASS"),
        ("cd /tmp", "cd"),
        ("exec cat a.raw", "exec"),
    ],
)
def test_what_needs_a_shell_is_refused(command, word):
    with pytest.raises(EdgecryError) as caught:
        split("command", command)
    assert f"no shell sees this command, so {word} has no meaning; write it as: " in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "command",
    [
        "ffmpeg -i concat:a.ts|b.ts -f s16le -",
        "ffmpeg -i rtsp://cam/x?a=1&b=2 -",
        "ffmpeg -i 'x|cat' -",
        'ffmpeg -af "volume=2;cat" -',
        "sh -c 'cd /tmp; cat a|cat'",
        "env A=1 cat a.raw",
    ],
)
def test_what_needs_no_shell_is_not(command):
    assert split("command", command)
