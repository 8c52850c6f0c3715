"""``edgecry listen``: hears a stream without end, and says when a baby cries."""

from __future__ import annotations

import argparse
import logging
import math
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO, cast

from edgecry.errors import EdgecryError
from edgecry.terminal import printable, say
from edgecry.words import without_secrets

if TYPE_CHECKING:
    from edgecry.listening.console import Console
    from edgecry.listening.settings import ListenSettings

STDIN: Final = "-"
#: Where the page of ``--web`` is if nothing else is said; as in ``edgecry.web.settings``.
ADDRESS: Final = "127.0.0.1:8377"
#: Flags that set what a settings file can, too: the key there, and the argument's name here.
_KEYS: Final = {
    "model": "model",
    "detector": "detector",
    "threshold": "threshold",
    "coverage": "coverage",
    "gate": "gate",
    "name": "name",
    "heartbeat": "heartbeat",
    "source.sr": "rate",
    "source.channels": "channels",
    "source.encoding": "format",
    "source.restart": "restart",
    "events.onset": "onset",
    "events.release": "release",
    "events.k": "k",
    "events.n": "n",
    "events.min_length": "min_length",
    "events.end_after": "end_after",
    "events.refractory": "refractory",
    "events.update_every": "update_every",
    "record.dir": "record",
    "record.pre": "record_pre",
    "record.post": "record_post",
    "record.max_days": "record_days",
    "web.address": "web",
    "sinks.jsonl.path": "jsonl",
    "sinks.exec.command": "exec",
    "sinks.webhook.url": "webhook",
}
EPILOG = """\
where to listen, one of:
  arecord -q -t raw -f S16_LE -c 1 -r 16000 | edgecry listen -
  edgecry listen --device USB
  edgecry listen --from-command 'ffmpeg -v error -i rtsp://camera/ -f s16le -ac 1 -ar 16000 -'

secrets are never given here, where everybody on this machine could read them, but in the settings file
as password_file or token_file, or in EDGECRY_MQTT_USER, EDGECRY_MQTT_PASSWORD and EDGECRY_WEBHOOK_TOKEN.

SIGTERM and SIGINT end the cry at hand, deliver what waits and end with 0; a second one ends at once.
SIGUSR1 switches alerts off for half an hour, SIGUSR2 on again; what is heard is recorded all the same.

exit codes:
  0  the sound has ended, or an end was asked for
  2  wrong use; a model, a setting or a source that cannot be used; a source that is gone for good
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "listen",
        help="listen to a microphone or a stream for days, and say when a baby cries",
        description="Listens to a stream without end, and says when a baby cries, and why that may be.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--config", metavar="FILE", help="settings, a TOML file; flags go before it")
    parser.add_argument(
        "--check-config", action="store_true", help="check all that can be, show what would be used, and end"
    )
    parser.add_argument("--quiet", action="store_true", help="only warnings on stderr, and no live line")
    _add_source(parser.add_argument_group("where the sound comes from"))
    _add_decision(parser.add_argument_group("what is made of it"))
    _add_events(parser.add_argument_group("what is a cry, and when to speak of it"))
    _add_sinks(parser.add_argument_group("where events go"))
    _add_recordings(parser.add_argument_group("recordings of events"))
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Listen, or do what else is asked for."""
    if args.list_devices:
        return _list_devices()
    for name in ("name", "record", "state"):
        if getattr(args, name) == "":  # as an unset variable of a shell leaves it
            raise EdgecryError(f"--{name}: is empty; give it a value, or leave it out")
    if args.web == STDIN:  # "listen --web -": the dash is where to listen
        args.web, args.source = ADDRESS, STDIN
    overrides = {key: getattr(args, name) for key, name in _KEYS.items()}
    overrides |= _source(args) | _more(args)
    from edgecry.listening.settings import load_settings

    if args.forget is not None:
        return _forget(load_settings(args.config, overrides), args.forget)
    if args.config is None and "source.kind" not in overrides:
        raise EdgecryError("listen: say where: -, --device, --from-command, or a file with --config")
    settings = load_settings(args.config, overrides)
    return (
        _check(settings) if args.check_config else _listen(settings, args.quiet, args.heartbeat is not None)
    )


def _forget(settings: ListenSettings, device: str) -> int:
    from edgecry.sinks.ids import default_device
    from edgecry.sinks.making import sink_settings
    from edgecry.sinks.mqtt import MqttSink

    found = sink_settings(settings.sinks, settings.name or default_device()).get("mqtt")
    if found is None:
        raise EdgecryError("--forget: name the broker, with --mqtt or in the settings file")
    gone = MqttSink(found).forget(device)
    say(f"{device}: {len(gone)} retained topics were removed" if gone else f"{device}: nothing is retained")
    return 0


def _check(settings: ListenSettings) -> int:
    from edgecry.listening.assembly import describe, plan

    for name, found in describe(plan(settings)):
        print(f"{name:<16}{printable(found)}")
    return 0


def _listen(settings: ListenSettings, quiet: bool, wants_heartbeat: bool) -> int:
    from edgecry.listening.memory import collect_often, share_arenas
    from edgecry.listening.signals import EndRequest, alert_signals

    share_arenas()
    # This comes first, so that a signal while models are opened ends the process in good order, too.
    with EndRequest() as request:
        from edgecry.listening.assembly import assemble, plan
        from edgecry.listening.listener import Listener

        made = plan(settings)
        if not request.made:
            with _console(quiet) as (console, text), assemble(made, text, console) as parts:
                tells = console is None or wants_heartbeat
                if console is not None and settings.web.address:
                    _invite(settings, made.state)
                listener = Listener(parts, settings.heartbeat, made.patience, tells, settings.hearing)
                collect_often()
                with alert_signals(parts.controls):
                    listener.run(lambda: request.made)
    return 0


def _invite(settings: ListenSettings, state: Path) -> None:
    """Show where the page is, on a terminal: a log is no place for its key."""
    from edgecry.web.making import invitation

    _, port = settings.web.place
    if port:  # one that the system chooses is told by the log alone
        logging.getLogger("edgecry").info("%s", invitation(settings.web, state, port))


@contextmanager
def _console(quiet: bool) -> Iterator[tuple[Console | None, TextIO]]:
    """A live line if there is a terminal, where text is to go, and the log on stderr."""
    from edgecry.listening.console import Above, Console, has_terminal, log_to
    from edgecry.listening.writer import Behind, Direct, Writer

    writer = Writer()
    console = Console(sys.stderr, writer) if not quiet and has_terminal(sys.stderr) else None
    text, talk = cast(TextIO, Direct(sys.stdout)), cast(TextIO, Behind(writer, sys.stderr))
    if console is not None:
        talk = cast(TextIO, Above(console, sys.stderr))
        if sys.stdout.isatty():
            text = cast(TextIO, Above(console, sys.stdout))
    undo = log_to(talk, quiet)
    try:
        yield console, text
    finally:
        undo()
        if console is not None:
            console.end()
        writer.close()


def _list_devices() -> int:
    from edgecry.sources.device import list_devices

    devices = list_devices()
    for d in devices:
        mark = "*" if d.is_default else " "
        print(f"{mark}{d.index:>3}  {printable(d.name)} ({d.channels} ch, {d.sr} Hz)")
    if not devices:
        say("no microphone is there; plug one in, and check that this user is in the group audio")
    return 0


# -- flags to settings -------------------------------------------------------------------------------


def _source(args: argparse.Namespace) -> dict[str, Any]:
    """Settings of the one source that is named, if one is."""
    if args.source not in (None, STDIN):
        raise EdgecryError(_recording_advice(args.source))
    named = {
        "stdin": args.source is not None,
        "command": args.from_command is not None,
        "device": args.device is not None,
    }
    kinds = [kind for kind, is_named in named.items() if is_named]
    if len(kinds) > 1:
        raise EdgecryError("-, --device and --from-command exclude each other; name one of them")
    if not kinds:
        return {}
    return {
        "source.kind": kinds[0],
        "source.command": args.from_command or "",
        "source.device": _device(args.device or ""),
    }


def _recording_advice(name: str) -> str:
    """Say how to listen to what is not a stream on standard input."""
    if "://" in name:
        address = without_secrets(name)
        return (
            f"{address}: is an address; ffmpeg reads it: edgecry listen --from-command "
            f"'ffmpeg -v error -i {address} -f s16le -ac 1 -ar 16000 -'"
        )
    word = shlex.quote(name)
    if not Path(name).exists():
        return f"{name}: is no file; say - for standard input, or --device for a microphone"
    if Path(name).is_dir():
        return f"{name}: is a folder; have its recordings answered at once: edgecry classify {word}"
    if Path(name).is_char_device():
        return f"{name}: is a device; a microphone is named with --device; --list-devices shows them"
    return (
        f"{name}: a recording comes on standard input: edgecry listen - < {word} (WAV, or raw PCM); "
        f"or have all of it answered at once: edgecry classify {word}"
    )


def _device(text: str) -> str | int:
    return int(text) if text.isascii() and text.isdigit() else text


def _megabytes(number: float) -> int:
    """Bytes of so many megabytes."""
    if not math.isfinite(number):
        raise EdgecryError(f"--record-quota: found {number}; allowed are numbers of megabytes, 1 and more")
    return round(number * 1e6)


def _more(args: argparse.Namespace) -> dict[str, Any]:
    """Settings whose flags say it in other words than the file."""
    more: dict[str, Any] = {}
    if args.mqtt is not None:
        from edgecry.sinks.address import mqtt_address

        more |= {f"sinks.mqtt.{key}": value for key, value in mqtt_address(args.mqtt).items()}
    if args.no_text or args.jsonl == STDIN:  # lines for people would be among the lines of JSON
        more["sinks.text.enabled"] = False
    if args.state is not None:
        more["outbox.path"] = str(Path(args.state) / "outbox.db")
    if args.record_quota is not None:
        more["record.max_bytes"] = _megabytes(args.record_quota)
    return more


def _add_source(group: argparse._ArgumentGroup) -> None:
    group.add_argument("source", metavar="-", nargs="?", help="raw PCM, or WAV, on stdin")
    group.add_argument(
        "--device",
        metavar="NAME",
        help="a microphone, by a part of its name or its number; '' for the system's own (extra: mic)",
    )
    group.add_argument("--from-command", metavar="CMD", help="a program that writes raw PCM, or WAV")
    group.add_argument("--list-devices", action="store_true", help="list the microphones, and end")
    group.add_argument("--rate", metavar="HZ", type=int, help="samples a second (default: 16000)")
    group.add_argument("--channels", metavar="N", type=int, help="channels, which are averaged (default: 1)")
    group.add_argument("--format", metavar="F", help="s16le, s24le, s32le or f32le (default: s16le)")
    group.add_argument(
        "--restart",
        metavar="WHEN",
        help="start a microphone or program that is gone again: always, on-failure, never (default: always)",
    )


def _add_decision(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--model",
        metavar="M",
        help="the model of reasons: a file, or one of 'edgecry models' (default: reason); cry for no reasons",
    )
    group.add_argument(
        "--detector", metavar="M", help="the model that tells whether there is a cry (default: cry)"
    )
    group.add_argument(
        "--threshold",
        metavar="P",
        type=float,
        help="probability from which on it is a cry (default: the detector's)",
    )
    group.add_argument(
        "--coverage",
        metavar="P",
        type=float,
        help="share of recordings of each reason that keep it in their set (default: the model's)",
    )
    group.add_argument(
        "--gate", metavar="DB", type=float, help="do not look at what is quieter, in dB of full scale"
    )


def _add_events(group: argparse._ArgumentGroup) -> None:
    for flag, metavar, kind, what in (
        ("--onset", "P", float, "a window votes for a cry from here on (default: the threshold)"),
        ("--release", "P", float, "a cry goes on down to here (default: 0.7 of it)"),
        ("--k", "K", int, "a cry begins when so many ..."),
        ("--n", "N", int, "... of so many windows vote for it (default: 2 of 3)"),
        ("--min-length", "S", float, "seconds a cry lasts at least (default: 2)"),
        ("--end-after", "S", float, "seconds without, after which it is over (default: 5)"),
        ("--refractory", "S", float, "seconds after its end without another (default: 10)"),
        ("--update-every", "S", float, "seconds between reports of one; 0 for none (default: 10)"),
    ):
        group.add_argument(flag, metavar=metavar, type=kind, help=what)


def _add_sinks(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--no-text", action="store_true", help="no lines on stdout")
    group.add_argument("--jsonl", metavar="FILE", help="JSON lines to a file, which is rotated; - for stdout")
    group.add_argument(
        "--exec", metavar="CMD", help="start a program for each event, with it as JSON on stdin"
    )
    group.add_argument("--webhook", metavar="URL", help="post each event as JSON")
    group.add_argument(
        "--mqtt", metavar="HOST", help="publish to a broker: HOST, HOST:PORT, or mqtts://HOST (extra: mqtt)"
    )
    group.add_argument(
        "--forget", metavar="NAME", help="remove what a broker keeps of a device of a former name, and end"
    )
    group.add_argument(
        "--web",
        metavar="HOST:PORT",
        nargs="?",
        const=ADDRESS,
        help="show a page for a phone or browser (default: 127.0.0.1:8377; extra: web)",
    )
    group.add_argument("--name", metavar="NAME", help="what this device is called (default: the host's name)")
    group.add_argument(
        "--state",
        metavar="DIR",
        help="where events wait until a webhook or broker has them (default: ~/.local/state/edgecry)",
    )
    group.add_argument(
        "--heartbeat",
        metavar="S",
        type=float,
        help="seconds between reports of its own state to log and MQTT; 0 for none (default: 60)",
    )


def _add_recordings(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--record", metavar="DIR", help="keep each event as FLAC")
    group.add_argument("--record-pre", metavar="S", type=float, help="seconds before it (default: 5)")
    group.add_argument("--record-post", metavar="S", type=float, help="seconds after it (default: 5)")
    group.add_argument("--record-quota", metavar="MB", type=float, help="at most so much (default: 1000)")
    group.add_argument("--record-days", metavar="DAYS", type=float, help="no longer than this (default: 30)")
