#!/usr/bin/env python3
"""Measures collecting and asking, as docs/PERFORMANCE.md reports it: ingest of a file, backfill over HTTP, the idle server, and the
API over ten million events.

Usage: bench/collect.py [--program target/release/drishti] [--folder DIR] [--people N] [--days N] [--part ingest|backfill|idle|ask]...

Prints a Markdown table. The folder needs 3 GB, and 8 GB for the part `ask`; on a slow disk the disk is what is measured. Where the
PyPI packages deltalake and duckdb are there (deltalake==1.6.6 duckdb==2.0.0 pytz==2026.1), `ask` puts the same questions to them over the same files.
"""

import argparse
import itertools
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

# The end of the simulated history. The same seed and the same end make the same events.
FROZEN_AT = "2026-06-01T00:00:00Z"
IDLE_SECONDS = 30
ASKED_TIMES = 8
MEGABYTE = 1_000_000


def milliseconds(ask: Callable[[], object]) -> float:
    """The median of eight warm runs."""
    ask()
    times = []
    for _ in range(ASKED_TIMES):
        began = time.perf_counter()
        ask()
        times.append((time.perf_counter() - began) * 1_000)
    return statistics.median(times)


def questions(gid: str, address: str, days: int) -> dict[str, tuple[str, dict[str, str], str, str]]:
    """What is asked: of the API, in SQL, and how fast it should be."""
    end = datetime.fromisoformat(FROZEN_AT)
    begin, week = end - timedelta(days=days), end - timedelta(days=7)
    moment = lambda at: at.strftime("%Y-%m-%dT%H:%M:%SZ")
    whole = {"from": moment(begin), "to": moment(end)}
    last_week = {"from": moment(week), "to": moment(end)}
    newest = "order by created_at desc, gid desc limit 50"
    within = f"created_at >= timestamp '{week:%Y-%m-%d %H:%M:%S}' and event_date >= date '{week:%Y-%m-%d}'"
    by_hour = f"select date_trunc('hour', created_at), count(*) from events where {within} group by 1"
    events, histogram = "/api/v1/events", "/api/v1/events/histogram"
    return {
        "one gid, without a time": (events, {"gid": gid}, f"select * from events where gid = '{gid}'", "< 100 ms"),
        "one IP address, newest 50": (
            events,
            {"ip": address},
            f"select * from events where client_ip_address = '{address}' {newest}",
            "< 300 ms",
        ),
        "daily histogram": (
            histogram,
            {"bucket": "1d", **whole},
            "select event_date, count(*) from events group by 1",
            "< 300 ms",
        ),
        "hourly histogram of a week": (histogram, {"bucket": "1h", **last_week}, by_hour, ""),
        "newest 50": (events, {}, f"select * from events {newest}", ""),
    }


def peers(lake: Path) -> dict[str, Callable[[str], object]]:
    """Other engines over the same files, those that are installed."""
    try:
        import duckdb
        from deltalake import DeltaTable, QueryBuilder
    except ImportError as missing:
        print(f"no peers to compare with: {missing}", file=sys.stderr)
        return {}
    table = DeltaTable(str(lake))
    files = ", ".join(f"'{uri.removeprefix('file://')}'" for uri in table.file_uris())
    duck = duckdb.connect()
    duck.execute("set timezone = 'UTC'")
    duck.execute(f"create view events as select * from read_parquet([{files}], hive_partitioning = true)")
    delta = QueryBuilder().register("events", table)
    return {
        f"DuckDB {duckdb.__version__}": lambda sql: duck.execute(sql).fetchall(),
        "deltalake (Python)": lambda sql: delta.execute(sql).read_all(),
    }


class Bench:
    def __init__(self, program: Path, folder: Path):
        self.program = str(program)
        self.folder = folder
        self.rows: list[tuple[str, str, str]] = []

    def report(self, what: str, figure: str, goal: str = "") -> None:
        self.rows.append((what, figure, goal))
        print(f"{what}: {figure}", file=sys.stderr)

    def environment(self, home: Path) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "DRISHTI_HOME": str(home)}

    def run(self, home: Path, *arguments: str, may_fail: bool = False) -> tuple[str, float, float]:
        """Standard output, seconds, and the most memory that was resident, in MB."""
        began = time.monotonic()
        with tempfile.TemporaryFile("w+") as output:
            child = subprocess.Popen([self.program, *arguments], env=self.environment(home), stdout=output)
            _, status, usage = os.wait4(child.pid, 0)
            seconds = time.monotonic() - began
            child.returncode = os.waitstatus_to_exitcode(status)
            if child.returncode != 0 and not may_fail:
                sys.exit(f"drishti {' '.join(arguments)} ended with {child.returncode}")
            output.seek(0)
            return output.read(), seconds, usage.ru_maxrss * 1024 / MEGABYTE

    def start(self, home: Path, *arguments: str) -> tuple[subprocess.Popen, str, float]:
        """A running server, its address, and the seconds until it said so."""
        began = time.monotonic()
        child = subprocess.Popen(
            [self.program, *arguments], env=self.environment(home), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        line = child.stdout.readline()
        if not line.startswith("listening on "):
            sys.exit(f"drishti {' '.join(arguments)} said {line!r}")
        return child, line.removeprefix("listening on ").strip(), time.monotonic() - began

    def count(self, home: Path) -> int:
        answer, _, _ = self.run(home, "query", "select count(*) as n from events", "--format", "json")
        return json.loads(answer)[0]["n"]

    def lake(self, home: Path) -> str:
        findings, _, _ = self.run(home, "doctor", "--offline", "--format", "json", may_fail=True)
        return next(finding["found"] for finding in json.loads(findings) if finding["check"] == "lake")

    def ingest(self, people: int, days: int) -> None:
        home, file = self.folder / "ingest", self.folder / "events.jsonl"
        arguments = ["simulate", "--people", str(people), "--days", str(days), "--freeze-at", FROZEN_AT]
        _, seconds, memory = self.run(home, *arguments, "--export", str(file))
        size = file.stat().st_size
        output, ingest_seconds, ingest_memory = self.run(home, "ingest", str(file), "--source", "bench", "--format", "json")
        summary = json.loads(output)
        events = summary["stored"]
        assert events == summary["read"], summary
        self.report("events in the file", f"{events:,} ({size / MEGABYTE:,.0f} MB)", "2 million")
        self.report("written by the simulator", f"{events / seconds:,.0f} events/s, {memory:,.0f} MB resident")
        self.report("`ingest`", f"{events / ingest_seconds:,.0f} events/s ({ingest_seconds:.1f} s)", "≥ 200,000 events/s")
        self.report("`ingest`, most resident memory", f"{ingest_memory:,.0f} MB", "≤ 500 MB")
        lake = self.lake(home)
        size = int(lake.split(" files, ")[1].split(" bytes")[0].replace(",", ""))
        self.report("lake after compaction", f"{size / events:.1f} bytes an event ({lake.split(', at ')[0]})", "≤ 60 bytes")
        output, seconds, _ = self.run(home, "ingest", str(file), "--source", "bench", "--format", "json")
        assert json.loads(output)["duplicates"] == events
        self.report("the same file again, nothing new", f"{events / seconds:,.0f} events/s")
        file.unlink()
        self.serve("serve over that lake", home)

    def backfill(self, people: int, days: int) -> None:
        home = self.folder / "backfill"
        frozen_at = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        arguments = ["--people", str(people), "--days", str(days), "--freeze-at", frozen_at]
        simulator, address, _ = self.start(home, "simulate", "--listen", "127.0.0.1:0", *arguments)
        try:
            token = self.folder / "token"
            token.write_text("simulated-token")
            source = ["--name", "bench", "--api-url", f"{address}/api/1.0", "--token-file", str(token)]
            limits = ["--requests-per-minute", "0", "--backfill-days", str(min(days, 90))]
            self.run(home, "sources", "add", *source, *limits)
            _, seconds, memory = self.run(home, "collect", "--source", "bench")
            events = self.count(home)
        finally:
            simulator.terminate()
            simulator.wait()
        rate = f"{events:,} events in {seconds:.1f} s ({events / seconds:,.0f} events/s)"
        self.report("backfill over HTTP", rate, "1 million in < 60 s")
        self.report("backfill, 1 million events at that rate", f"{seconds / events * 1_000_000:.1f} s", "< 60 s")
        self.report("backfill, most resident memory", f"{memory:,.0f} MB")

    def serve(self, what: str, home: Path) -> None:
        began = time.monotonic()
        server, address, _ = self.start(home, "serve", "--listen", "127.0.0.1:0")
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=60) as answer:
                assert answer.status == 200
            ready = time.monotonic() - began
            time.sleep(IDLE_SECONDS)
            memory = self.resident(server)
        finally:
            server.terminate()
            server.wait()
        self.report(f"{what}: from start to the first answer of `/readyz`", f"{ready * 1000:,.0f} ms")
        self.report(f"{what}: resident after {IDLE_SECONDS} idle seconds", f"{memory:,.0f} MB", "< 150 MB")

    def ask(self, people: int, days: int) -> None:
        home, file = self.folder / "ask", self.folder / "many.jsonl"
        arguments = ["simulate", "--people", str(people), "--days", str(days), "--freeze-at", FROZEN_AT]
        self.run(home, *arguments, "--export", str(file))
        self.run(home, "ingest", str(file), "--source", "bench", "--format", "json")
        file.unlink()
        self.report("events to ask", f"{self.count(home):,}", "10 million")
        # An event of the middle of the history, from a busy address.
        middle = datetime.fromisoformat(FROZEN_AT) - timedelta(days=days // 2)
        sql = f"from events where event_date = date '{middle:%Y-%m-%d}' and client_ip_address is not null"
        query = f"select min(gid) as gid, (select client_ip_address {sql} group by 1 order by count(*) desc limit 1) as ip {sql}"
        answer, _, _ = self.run(home, "query", query, "--format", "json")
        found = json.loads(answer)[0]
        others = peers(home / "lake")
        server, address, _ = self.start(home, "serve", "--listen", "127.0.0.1:0")
        try:
            token = (home / "api-token").read_text().strip()

            # No page is asked for twice: what was read of a version of the lake is not read again.
            limits = itertools.count(50)

            def get(path: str, parameters: dict[str, str]) -> bytes:
                if path.endswith("/events"):
                    parameters = {**parameters, "limit": str(next(limits))}
                url = f"{address}{path}?{urllib.parse.urlencode(parameters)}"
                request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
                with urllib.request.urlopen(request, timeout=90) as reply:
                    return reply.read()

            for what, (path, parameters, sql, goal) in questions(found["gid"], found["ip"], days).items():
                times = [f"{milliseconds(lambda: get(path, parameters)):,.0f} ms"]
                times += [f"{name} {milliseconds(lambda: ask(sql)):,.0f} ms" for name, ask in others.items()]
                self.report(f"`serve`, {what}", "; ".join(times), goal)
            memory = self.resident(server)
        finally:
            server.terminate()
            server.wait()
        self.report("`serve`, resident after these", f"{memory:,.0f} MB")

    @staticmethod
    def resident(server: subprocess.Popen) -> float:
        status = Path(f"/proc/{server.pid}/status").read_text()
        resident = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(resident.split()[1]) * 1024 / MEGABYTE

    def idle(self) -> None:
        self.serve("`serve` without sources", self.folder / "idle")

    def table(self) -> str:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
        cores = len(os.sched_getaffinity(0))
        lines = [f"{cores} cores, {memory:.0f} GB, {platform.system()} {platform.machine()}, {datetime.now(timezone.utc):%Y-%m-%d}", ""]
        lines += ["| What | Measured | Goal |", "|---|---|---|"]
        lines += [f"| {what} | {figure} | {goal} |" for what, figure, goal in self.rows]
        return "\n".join(lines)


def main() -> None:
    root = Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, default=root / "target/release/drishti")
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder if not given")
    parser.add_argument("--people", type=int, default=4_500, help="size of the organisation whose 90 days are ingested")
    parser.add_argument("--backfill-people", type=int, default=2_300, help="size of the one that is backfilled")
    parser.add_argument("--ask-people", type=int, default=23_000, help="size of the one whose events are asked")
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--part", action="append", choices=["ingest", "backfill", "idle", "ask"])
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="drishti-bench-", dir=arguments.folder))
    bench = Bench(arguments.program.resolve(), folder)
    parts = arguments.part or ["ingest", "backfill", "idle", "ask"]
    try:
        if "ingest" in parts:
            bench.ingest(arguments.people, arguments.days)
        if "backfill" in parts:
            bench.backfill(arguments.backfill_people, arguments.days)
        if "idle" in parts:
            bench.idle()
        if "ask" in parts:
            bench.ask(arguments.ask_people, arguments.days)
    finally:
        shutil.rmtree(folder)
    print(bench.table())


if __name__ == "__main__":
    main()
