"""Reads a Delta table with the independent package `deltalake` and prints its rows, sorted by gid, as JSON."""

import json
import sys

from deltalake import DeltaTable, QueryBuilder

address, options = sys.argv[1], json.loads(sys.argv[2])
table = DeltaTable(address, storage_options=options)
query = """
    select source, gid, cast(created_at as varchar) as created_at, event_type, actor_gid, details, batch,
           on_behalf_of_user_id, cast(event_date as varchar) as event_date
    from events order by gid
"""
rows = []
for batch in QueryBuilder().register("events", table).execute(query):
    columns = {name: batch.column(name).to_pylist() for name in batch.schema.names}
    rows += [dict(zip(columns, values)) for values in zip(*columns.values())]
print(json.dumps({"files": len(table.file_uris()), "rows": rows}))
