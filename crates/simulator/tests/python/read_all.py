"""Reads everything that the simulator has with Asana's own SDK. Arguments: URL, token, workspace."""

import json
import sys

import asana

url, token, workspace = sys.argv[1:]
configuration = asana.Configuration()
configuration.host = url + "/api/1.0"
configuration.access_token = token
configuration.return_page_iterator = True
client = asana.ApiClient(configuration)

events = asana.AuditLogAPIApi(client)

# By hand: the end is an empty page that still has a new offset.
configuration.return_page_iterator = False
gids, offset, empty_pages, offsets = [], None, 0, set()
while empty_pages < 2:
    options = {"limit": 100, **({"offset": offset} if offset else {})}
    page = events.get_audit_log_events(workspace, options)
    gids += [event["gid"] for event in page["data"]]
    offset = page["next_page"]["offset"]
    assert offset not in offsets
    offsets.add(offset)
    empty_pages += not page["data"]
configuration.return_page_iterator = True

# With the SDK's iterator, which polls for ever and so must be told how many to read.
read = events.get_audit_log_events(workspace, {"limit": 100}, item_limit=len(gids))
assert [event["gid"] for event in read] == gids

users = asana.UsersApi(client)
me = users.get_user("me", {})
members = list(users.get_users({"workspace": workspace, "limit": 50, "opt_fields": "name,email"}))
assert all(member["email"] for member in members)
assert users.get_user(members[0]["gid"], {})["name"] == members[0]["name"]

fields = "user.name,user.email,is_active,is_admin,is_guest,is_view_only,created_at,vacation_dates"
memberships = asana.WorkspaceMembershipsApi(client)
roll = list(
    memberships.get_workspace_memberships_for_workspace(workspace, {"limit": 50, "opt_fields": fields})
)
assert {row["user"]["gid"] for row in roll if row["is_active"]} == {member["gid"] for member in members}

teams = list(asana.TeamsApi(client).get_teams_for_workspace(workspace, {"limit": 3}))
team_memberships = asana.TeamMembershipsApi(client)
in_teams = [
    row
    for team in teams
    for row in team_memberships.get_team_memberships({"team": team["gid"], "limit": 10})
]

try:
    asana.WorkspacesApi(client).get_workspace("1", {})
    refusal = None
except asana.rest.ApiException as error:
    refusal = [error.status, json.loads(error.body)["errors"][0]["message"]]

assert len(gids) == len(set(gids))
json.dump(
    {
        "events": len(gids),
        "empty_pages": empty_pages,
        "workspaces": [row["name"] for row in asana.WorkspacesApi(client).get_workspaces({"limit": 10})],
        "me": me["name"],
        "users": len(members),
        "memberships": len(roll),
        "teams": len(teams),
        "team_memberships": len(in_teams),
        "refusal": refusal,
    },
    sys.stdout,
)
