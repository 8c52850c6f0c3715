"""Prints one table: what was tried, and what was lost, doubled or wrong.

Run: python -m benchmarks.reliability [--quick | --long] [--seed N] [NAME ...]
"""

from __future__ import annotations

import argparse
import sys

from benchmarks.reliability import (
    chunkings,
    clips,
    decoding,
    model_files,
    outboxes,
    page_requests,
    pickles,
    power_cuts,
    settings,
    sink_answers,
    sources,
    stream_bytes,
)
from benchmarks.reliability.campaign import Campaign
from benchmarks.reliability.runner import run, try_inputs

CAMPAIGNS: tuple[type[Campaign], ...] = (
    decoding.Decoding,
    model_files.OnnxruntimeFiles,
    model_files.NumpyFiles,
    pickles.Pickles,
    settings.Settings,
    chunkings.Chunkings,
    stream_bytes.StreamBytes,
    sources.Programs,
    page_requests.PageRequests,
    sink_answers.WebhookAnswers,
    sink_answers.BrokerAnswers,
    outboxes.OutboxDamage,
    outboxes.OutboxKills,
    clips.ClipKills,
    power_cuts.OutboxCuts,
    power_cuts.JournalCuts,
    power_cuts.ClipCuts,
)
_BY_NAME = {campaign.name: campaign for campaign in CAMPAIGNS}


def main(argv: list[str]) -> int:
    """Run the campaigns; 1 if anything went wrong."""
    if argv[:1] == ["--child"]:
        try_inputs(_BY_NAME[argv[1]](), *map(int, argv[2:]))
        return 0
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reliability", description=__doc__)
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--quick", action="store_const", const="quick", dest="length", help="two minutes")
    length.add_argument("--long", action="store_const", const="long", dest="length", help="a million inputs")
    parser.add_argument("--seed", type=int, default=0, help="other inputs (default: 0)")
    parser.add_argument("names", metavar="NAME", nargs="*", help=f"of {', '.join(_BY_NAME)}; all by default")
    args = parser.parse_args(argv)
    if unknown := set(args.names) - set(_BY_NAME):
        parser.error(f"{min(unknown)!r} is unknown; allowed are {', '.join(_BY_NAME)}")
    wrong = 0
    print(f"{'what':<32}{'done to it':<52}{'tried':>8}{'wrong':>7}  outcomes")
    for name in args.names or _BY_NAME:
        campaign = _BY_NAME[name]
        if missing := campaign.missing():
            print(f"{name:<32}NOT TRIED: {missing}", flush=True)
            continue
        tally = run(name, args.seed, getattr(campaign, args.length or "usual"))
        outcomes = ", ".join(f"{n} {outcome}" for outcome, n in sorted(tally.outcomes.items()) if n)
        print(f"{name:<32}{campaign.faults:<52}{tally.tried:>8}{len(tally.wrong):>7}  {outcomes}", flush=True)
        for number, what in sorted(tally.wrong.items())[:10]:
            print(f"    input {number} of seed {args.seed}: {what}")
        wrong += len(tally.wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
