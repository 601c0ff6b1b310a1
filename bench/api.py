#!/usr/bin/env python3
"""Measures the API under load, as docs/PERFORMANCE.md reports it: lists asked by 50 clients at once with wrk (Debian's package `wrk`), and the
memory of the server before and after, or while it is asked now and then.

Usage: bench/api.py [--program target/release/drishti] [--folder DIR] [--people N] [--days N] [--seconds N] [--part load|memory]... [--minutes N]

Prints a Markdown table. The folder needs 1 GB.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from datetime import datetime, timedelta
from pathlib import Path

from collect import FROZEN_AT
from detect import Detection

CLIENTS = 50
# What the screens ask for.
LISTS = [
    "alerts?limit=50",
    "alerts?limit=50&state=new&order=worst",
    "alerts/counts",
    "events?limit=50",
    "events/histogram",
    "policies",
    "sources",
    "risks",
    "people?limit=50",
]
# The server keeps pages of events that it has read. Here each request asks for another one: until another millisecond of the last hour.
EACH_ANOTHER = '''
local asked = 0
request = function()
  asked = (asked + 1) % 3600000
  local minute, millisecond = math.floor(asked / 60000), asked % 60000
  return wrk.format("GET", string.format("/api/v1/events?limit=50&to=DAYT23:%02d:%02d.%03dZ", minute, math.floor(millisecond / 1000), millisecond % 1000))
end
'''
# Time between two looks at the memory.
LOOK_SECONDS = 60
UNITS = {"us": 0.001, "ms": 1.0, "s": 1_000.0}


class Api(Detection):
    def filled(self, people: int, days: int) -> Path:
        home = self.folder / "api"
        file, options = self.simulated(people, days)
        self.run(home, "ingest", str(file), "--source", "bench", *options, "--format", "json")
        file.unlink()
        # All the clients of the measurement are one caller, who would be refused.
        (home / "drishti.toml").write_text(f"[server.limits]\nrequests_per_minute = 0\nconcurrent_queries = {CLIENTS}\n")
        self.report("events", f"{self.count(home):,}")
        return home

    def get(self, address: str, token: str, path: str) -> None:
        request = urllib.request.Request(f"{address}/api/v1/{path}", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            answer.read()

    def lists(self, address: str, token: str) -> list[str]:
        """Those that this program has; what is left out is said."""
        there = []
        for path in LISTS:
            try:
                self.get(address, token, path)
                there.append(path)
            except urllib.error.HTTPError as error:
                if error.code != 404:
                    raise
                print(f"{path}: this program has no such list", file=sys.stderr)
        return there

    def load(self, home: Path, seconds: int) -> None:
        server, address, _ = self.start(home, "serve", "--listen", "127.0.0.1:0")
        try:
            token = (home / "api-token").read_text().strip()
            before = self.resident(server)
            last_day = datetime.fromisoformat(FROZEN_AT) - timedelta(days=1)
            script = self.folder / "each-another.lua"
            script.write_text(EACH_ANOTHER.replace("DAY", f"{last_day:%Y-%m-%d}"))
            asked = [(path, path, []) for path in self.lists(address, token)]
            asked.append(("events?limit=50&to=…, each another", "events", ["-s", str(script)]))
            for name, path, more in asked:
                what = f"`GET /{name}`, {CLIENTS} clients"
                command = ["wrk", "--latency", f"-c{CLIENTS}", "-t1", f"-d{seconds}s", "--timeout", "10s", *more]
                header = f"Authorization: Bearer {token}"
                answered = subprocess.run([*command, "-H", header, f"{address}/api/v1/{path}"], check=True, capture_output=True, text=True).stdout
                refused = re.search(r"Non-2xx or 3xx responses: (\d+)", answered)
                if refused:
                    sys.exit(f"{path}: {refused[1]} requests were refused")
                if " 0 requests in" in answered:
                    self.report(what, f"none was answered within {seconds} s", "p99 < 100 ms")
                    continue
                percentiles = {share: float(value) * UNITS[unit] for share, value, unit in re.findall(r"(50|99)%\s+([\d.]+)(us|ms|s)\b", answered)}
                rate = float(re.search(r"Requests/sec:\s+([\d.]+)", answered)[1])
                figure = f"p50 {percentiles['50']:,.1f} ms, p99 {percentiles['99']:,.1f} ms, {rate:,.0f}/s"
                # Percentiles are of those that were answered.
                late = re.search(r"Socket errors: .*", answered)
                if late:
                    figure += f" ({late[0].lower()})"
                self.report(what, figure, "p99 < 100 ms")
            self.report("resident before; after", f"{before:,.0f} MB; {self.resident(server):,.0f} MB")
        finally:
            server.terminate()
            server.wait()

    def memory(self, home: Path, minutes: int) -> None:
        server, address, _ = self.start(home, "serve", "--listen", "127.0.0.1:0")
        try:
            token = (home / "api-token").read_text().strip()
            lists, looks = self.lists(address, token), []
            for _ in range(minutes):
                end = time.monotonic() + LOOK_SECONDS
                while time.monotonic() < end:
                    for path in lists:
                        self.get(address, token, path)
                    time.sleep(1)
                looks.append(self.resident(server))
                print(f"{looks[-1]:,.0f} MB", file=sys.stderr)
            quarters = [looks[(len(looks) - 1) * quarter // 4] for quarter in range(5)]
            figure = ", ".join(f"{megabytes:,.0f}" for megabytes in quarters)
            self.report(f"resident over {minutes} minutes of light use, at each quarter", f"{figure} MB", "flat")
        finally:
            server.terminate()
            server.wait()


def main() -> None:
    root = Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, default=root / "target/release/drishti")
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder if not given")
    parser.add_argument("--people", type=int, default=400)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--seconds", type=int, default=10, help="of load on each list")
    parser.add_argument("--minutes", type=int, default=60, help="of watching the memory")
    parser.add_argument("--part", action="append", choices=["load", "memory"])
    arguments = parser.parse_args()
    parts = arguments.part or ["load", "memory"]
    if "load" in parts and not shutil.which("wrk"):
        sys.exit("bench/api.py needs wrk; on Debian: apt-get install wrk")
    with tempfile.TemporaryDirectory(prefix="drishti-bench-", dir=arguments.folder) as folder:
        bench = Api(arguments.program.resolve(), Path(folder))
        home = bench.filled(arguments.people, arguments.days)
        if "load" in parts:
            bench.load(home, arguments.seconds)
        if "memory" in parts:
            bench.memory(home, arguments.minutes)
    print(bench.table())


if __name__ == "__main__":
    main()
