#!/usr/bin/env python3
"""Measures detection, as docs/PERFORMANCE.md reports it: the whole way of a file's events through every shipped policy, a backtest over
ten million events, and eleven trivial rules of PyPI's panther-core over the same events where it is installed
(panther-core==0.16.3 python-dateutil==4.0.0 jmespath==1.1.0).

Usage: bench/detect.py [--program target/release/drishti] [--folder DIR] [--people N] [--days N] [--part whole|backtest|panther]...

Prints a Markdown table. The folder needs 3 GB, and 8 GB for the part `backtest`.
"""

import argparse
import itertools
import json
import multiprocessing
import shutil
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from collect import FROZEN_AT, Bench

# What the simulator publishes of addresses, and as what it counts.
FEEDS = {"tor": "tor-exits.txt", "vpn": "vpn.netset", "hosting": "hosting.netset", "malicious": "malicious.netset"}
# An activity policy that matches often, one that counts over weeks, and a detector that learns from everything.
BACKTESTED = ["asana.saml_made_optional", "asana.guests_invited_over_weeks", "anomaly.impossible_travel"]
# Types that Panther's own Asana rules look for; each rule here compares one field, which is less than those do.
PANTHER_TYPES = [
    "service_account_created",
    "team_privacy_settings_changed",
    "workspace_default_session_duration_changed",
    "workspace_export_started",
    "workspace_form_link_authentication_required_disabled",
    "workspace_guest_invite_permissions_changed",
    "workspace_new_admin",
    "workspace_password_requirements_changed",
    "workspace_require_app_approvals_of_type_changed",
    "workspace_saml_settings_changed",
    "user_login_failed",
]
PANTHER_EVENTS = 100_000


def panther(lines: list[str]) -> int:
    """Runs the rules over events, as Panther's engine would; gives the matches."""
    from panther_core.enriched_event import PantherEvent
    from panther_core.rule import Rule

    rules = [
        Rule({"id": kind, "versionId": "1", "body": f"def rule(event):\n    return event.get('event_type') == '{kind}'"})
        for kind in PANTHER_TYPES
    ]
    matches = 0
    for line in lines:
        event = PantherEvent(json.loads(line))
        matches += sum(rule.run(event, {}, {}, batch_mode=True).trigger_alert for rule in rules)
    return matches


class Detection(Bench):
    def simulated(self, people: int, days: int) -> tuple[Path, dict[str, Path]]:
        """A file of events, and the files that say what is known of their addresses: `places`, and feeds by name."""
        arguments = ["--people", str(people), "--days", str(days), "--freeze-at", FROZEN_AT, "--attacks", "all"]
        home, file = self.folder / "simulated", self.folder / "events.jsonl"
        self.run(home, "simulate", *arguments, "--export", str(file))
        simulator, address, _ = self.start(home, "simulate", "--listen", "127.0.0.1:0", *arguments)
        tables = {}
        try:
            for name, feed in {"places": "places.csv", **FEEDS}.items():
                tables[name] = self.folder / feed
                with urllib.request.urlopen(f"{address}/feeds/{feed}", timeout=60) as answer:
                    tables[name].write_bytes(answer.read())
        finally:
            simulator.terminate()
            simulator.wait()
        return file, tables

    def whole(self, people: int, days: int) -> None:
        file, tables = self.simulated(people, days)
        options = ["--places", str(tables.pop("places"))]
        for name, path in tables.items():
            options += ["--feed", f"{name}={path}"]
        with file.open() as lines:
            events = sum(1 for _ in lines)
        output, seconds, memory = self.run(self.folder / "whole", "detect", str(file), *options, may_fail=True)
        alerts = [json.loads(line) for line in output.splitlines()]
        kinds = len({alert["policy_id"] for alert in alerts})
        self.report("events, people", f"{events:,}, {people:,}")
        self.report("`detect` with every shipped policy", f"{events / seconds:,.0f} events/s ({seconds:.1f} s)", "≥ 200,000 events/s")
        self.report("`detect`, most resident memory", f"{memory:,.0f} MB", "≤ 500 MB")
        self.report("alerts, kinds of them", f"{len(alerts):,}, {kinds}")

    def backtest(self, people: int, days: int) -> None:
        file, tables = self.simulated(people, days)
        home = self.folder / "backtest"
        home.mkdir()
        places = tables.pop("places")
        feeds = ", ".join(f'{name} = "{path}"' for name, path in tables.items())
        (home / "drishti.toml").write_text(f'[enrichment]\nplaces = ["{places}"]\nfeeds = {{ {feeds} }}\n')
        _, seconds, memory = self.run(home, "ingest", str(file), "--source", "bench", "--format", "json")
        file.unlink()
        events = self.count(home)
        self.report("events in the lake", f"{events:,}", "10 million")
        self.report("`ingest` of them with every shipped policy", f"{events / seconds:,.0f} events/s, {memory:,.0f} MB resident")
        for policy in BACKTESTED:
            output, seconds, memory = self.run(home, "policies", "backtest", policy, "--days", "3650", "--format", "json")
            answer = json.loads(output)
            assert answer["events"] == events, answer
            self.report(f"`policies backtest {policy}`", f"{seconds:.1f} s, {answer['alerts']:,} alerts, {memory:,.0f} MB", "< 10 s")

    def panther(self, people: int, days: int) -> None:
        try:
            import panther_core
        except ImportError as missing:
            print(f"no peer to compare with: {missing}", file=sys.stderr)
            return
        file, _ = self.simulated(people, days)
        with file.open() as source:
            lines = list(itertools.islice(source, PANTHER_EVENTS))
        for processes in (1, 2):
            parts = [lines[part::processes] for part in range(processes)]
            began = time.monotonic()
            with multiprocessing.Pool(processes) as pool:
                matches = sum(pool.map(panther, parts))
            seconds = time.monotonic() - began
            rate = f"{len(lines) / seconds:,.0f} events/s, {matches:,} matches"
            self.report(f"panther-core, {len(PANTHER_TYPES)} trivial rules, {processes} processes", rate)


def main() -> None:
    root = Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, default=root / "target/release/drishti")
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder if not given")
    parser.add_argument("--people", type=int, default=4_500, help="size of the organisation whose events go the whole way")
    parser.add_argument("--backtest-people", type=int, default=23_000, help="size of the one that policies are tried on")
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--part", action="append", choices=["whole", "backtest", "panther"])
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="drishti-bench-", dir=arguments.folder))
    bench = Detection(arguments.program.resolve(), folder)
    parts = arguments.part or ["whole", "panther", "backtest"]
    try:
        if "whole" in parts:
            bench.whole(arguments.people, arguments.days)
        if "panther" in parts:
            bench.panther(min(arguments.people, 400), arguments.days)
        if "backtest" in parts:
            bench.backtest(arguments.backtest_people, arguments.days)
    finally:
        shutil.rmtree(folder)
    print(bench.table())


if __name__ == "__main__":
    main()
