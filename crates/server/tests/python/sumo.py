"""Sumo Logic's own SDK manages an Asana source: adds, lists, shows, changes, restarts and removes it.

Arguments: the endpoint, an access id. The access key and Asana's token stand in the environment."""

import json
import os
import sys

import requests
from sumologic.sumologic import SumoLogic

endpoint, access_id = sys.argv[1:]
sumo = SumoLogic(access_id, os.environ["ACCESS_KEY"], endpoint)

[collector] = sumo.collectors(limit=10)
shown, tag = sumo.collector(collector["id"])
assert shown["collector"] == collector and tag, shown
collector_id = collector["id"]
assert sumo.sources(collector_id) == []

new = {
    "source": {
        "config": {
            "name": "Asana",
            "description": "the whole organisation",
            "category": "saas/asana",
            "fields": {"_siemForward": False},
            "personalAccessToken": os.environ["ASANA_TOKEN"],
            "workspaceID": "1201",
        },
        "schemaRef": {"type": "Asana"},
        "sourceType": "Universal",
    }
}
created = sumo.create_source(collector_id, new)
assert created.status_code == 201, created.text
source_id = created.json()["source"]["id"]

[listed] = sumo.sources(collector_id, limit=10, offset=0)
source, tag = sumo.source(collector_id, source_id)
assert source["source"] == listed == created.json()["source"], source
assert listed["state"]["state"] == "Pending", listed
assert os.environ["ASANA_TOKEN"] not in created.text

source["source"]["config"]["category"] = "audit/asana"
changed = sumo.update_source(collector_id, source, tag)
assert changed.json()["source"]["config"]["category"] == "audit/asana", changed.text
try:
    sumo.update_source(collector_id, source, tag)
    raise AssertionError("a stale tag was taken")
except requests.HTTPError as error:
    stale = error.response

restarted = sumo.post(f"/collectors/{collector_id}/sources/{source_id}/action/restart", {})
removed = sumo.delete_source(collector_id, source)
left = sumo.sources(collector_id)

print(
    json.dumps(
        {
            "collector": collector["name"],
            "stale": [stale.status_code, stale.json()["code"]],
            "restarted": restarted.status_code,
            "removed": [removed.status_code, removed.text],
            "left": left,
        }
    )
)
