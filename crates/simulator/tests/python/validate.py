"""Checks answers of the simulator against Asana's OpenAPI document. Arguments: URL, token, workspace, document.

Every object must have only properties that the document knows, so that a slip in a name is found. What the document says
is open stays open.
"""

import json
import sys
import urllib.error
import urllib.request

import jsonschema
import yaml

url, token, workspace, document = sys.argv[1:]
with open(document, encoding="utf-8") as file:
    oas = yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
types = {"string": str, "boolean": bool, "array": list, "object": dict}


def json_schema(node):
    """An OpenAPI 3.0 schema as a JSON schema: references and allOf resolved, nullable as a type, closed unless said open."""
    if "$ref" in node:
        target = oas
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return json_schema({**target, **{key: value for key, value in node.items() if key != "$ref"}})
    node = dict(node)
    for part in node.pop("allOf", []):
        part = json_schema(part)
        merged = {**part.get("properties", {}), **node.get("properties", {})}
        node = {**part, **node, **({"properties": merged} if merged else {})}
    schema = {key: node[key] for key in ("enum", "type", "oneOf", "items", "required") if key in node}
    if "oneOf" in schema:
        schema["oneOf"] = [json_schema(part) for part in schema["oneOf"]]
    if "items" in schema:
        schema["items"] = json_schema(schema["items"])
    if "properties" in node:
        schema["properties"] = {key: json_schema(value) for key, value in node["properties"].items()}
        schema["additionalProperties"] = node.get("additionalProperties", False)
    if node.get("nullable"):
        schema["type"] = [schema.get("type", "object"), "null"] if isinstance(schema.get("type", "object"), str) else schema["type"]
    return schema


def get(path):
    request = urllib.request.Request(url + "/api/1.0" + path, headers={"Authorization": "Bearer " + token})
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def validator(path, status):
    responses = oas["paths"][path]["get"]["responses"]
    response = responses.get(status) or responses[str(status)]
    if "$ref" in response:
        response = oas["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
    return jsonschema.Draft7Validator(json_schema(response["content"]["application/json"]["schema"]))


answers = []


def check(path, status=200, query="", **ids):
    real = path.format(**ids) + query
    got, body = get(real)
    assert got == status, (real, got, body)
    errors = [f"{error.json_path}: {error.message}" for error in validator(path, status).iter_errors(body)]
    assert not errors, (real, errors[:5])
    answers.append(real)
    return body


# A validator that lets everything through would be no check.
assert list(validator("/users/{user_gid}", 200).iter_errors({"data": {"gid": 1}}))
assert list(validator("/users/{user_gid}", 200).iter_errors({"data": {"nmae": "x"}}))

check("/workspaces", query="?limit=10")
check("/workspaces/{workspace_gid}", workspace_gid=workspace)
check("/users", query=f"?workspace={workspace}&opt_fields=resource_type&limit=100")
users = check("/users", query=f"?workspace={workspace}&limit=100")
user = users["data"][0]["gid"]
check("/users/{user_gid}", user_gid=user)
check("/users/{user_gid}", user_gid="me")
check("/workspaces/{workspace_gid}/users", workspace_gid=workspace)
check("/workspaces/{workspace_gid}/users/{user_gid}", workspace_gid=workspace, user_gid=user)
memberships = check("/workspaces/{workspace_gid}/workspace_memberships", workspace_gid=workspace, query="?limit=5")
membership = memberships["data"][0]["gid"]
check("/workspace_memberships/{workspace_membership_gid}", workspace_membership_gid=membership)
check("/users/{user_gid}/workspace_memberships", user_gid=user)
teams = check("/workspaces/{workspace_gid}/teams", workspace_gid=workspace, query="?limit=2")
team = teams["data"][0]["gid"]
check("/teams/{team_gid}", team_gid=team)
check("/teams/{team_gid}/users", team_gid=team)
check("/teams/{team_gid}/team_memberships", team_gid=team, query="?limit=3")
check("/users/{user_gid}/teams", user_gid=user, query=f"?organization={workspace}")
check("/users/{user_gid}/team_memberships", user_gid=user, query=f"?workspace={workspace}")
check("/workspaces/{workspace_gid}", status=404, workspace_gid="1")
check("/workspaces/{workspace_gid}/audit_log_events", status=400, workspace_gid="x")
check("/workspaces/{workspace_gid}/audit_log_events", workspace_gid=workspace, query="?event_type=none")

# Every event; they are many, so one validator for all.
log = "/workspaces/{workspace_gid}/audit_log_events"
every = validator(log, 200)
query, events = "?limit=100", 0
while True:
    status, page = get(log.format(workspace_gid=workspace) + query)
    errors = [f"{error.json_path}: {error.message}" for error in every.iter_errors(page)]
    assert status == 200 and not errors, errors[:5]
    if not page["data"]:
        break
    events += len(page["data"])
    query = "?limit=100&offset=" + page["next_page"]["offset"]

json.dump({"answers": answers, "events": events}, sys.stdout)
