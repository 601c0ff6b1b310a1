#!/usr/bin/env python3
"""Asks DuckDB and deltalake (Python) what benches/lake.rs asks the lake, over the same files.

Usage: DRISHTI_BENCH_LAKE=/tmp/lake cargo bench -p drishti-lake --bench lake, then bench/lake_peers.py /tmp/lake

Needs PyPI: deltalake==1.6.6 duckdb==2.0.0. Prints the median of seven warm runs in ms.
"""

import statistics
import sys
import time

import duckdb
from deltalake import DeltaTable, QueryBuilder

RUNS = 7
NEWEST = "order by created_at desc, gid desc limit 50"


def questions(gid: str) -> dict[str, str]:
    return {
        "newest 50": f"select * from events {NEWEST}",
        "one gid": f"select * from events where gid = '{gid}'",
        "one IP address, busy, newest 50": f"select * from events where client_ip_address = '198.51.100.0' {NEWEST}",
        "one IP address, rare, newest 50": f"select * from events where client_ip_address = '10.28.0.1' {NEWEST}",
        "histogram by day": "select event_date, count(*) from events group by 1 order by 1",
        "histogram by hour": "select date_trunc('hour', created_at), count(*) from events group by 1 order by 1",
        "like over details": "select count(*) from events where details like '%quarter%'",
        "top 20 actors": "select actor_gid, count(*) from events group by 1 order by 2 desc limit 20",
    }


def milliseconds(ask) -> float:
    ask()
    times = []
    for _ in range(RUNS):
        started = time.perf_counter()
        ask()
        times.append((time.perf_counter() - started) * 1_000)
    return statistics.median(times)


def main() -> None:
    table = DeltaTable(sys.argv[1])
    files = ", ".join(f"'{uri.removeprefix('file://')}'" for uri in table.file_uris())
    duck = duckdb.connect()
    duck.execute(f"create view events as select * from read_parquet([{files}], hive_partitioning = true)")
    delta = QueryBuilder().register("events", table)
    (gid,) = duck.execute("select min(gid) from events where event_date = (select min(event_date) from events)").fetchone()
    print(f"{'':40} {'DuckDB ' + duckdb.__version__:>15} {'deltalake':>15}")
    for name, sql in questions(gid).items():
        in_duck = milliseconds(lambda: duck.execute(sql).fetchall())
        in_delta = milliseconds(lambda: delta.execute(sql).read_all())
        print(f"{name:40} {in_duck:>15.1f} {in_delta:>15.1f}")


if __name__ == "__main__":
    main()
