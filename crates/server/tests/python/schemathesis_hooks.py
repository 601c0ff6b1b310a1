"""What must not happen while every operation is tried with everything."""

import os

import schemathesis

ASANA = os.environ["ASANA_URL"]


@schemathesis.hook
def before_call(context, case, kwargs):
    """Adding a source asks Asana: the one of the test, and no other."""
    if isinstance(case.body, dict) and case.path.startswith("/api/v1/sources"):
        if "api_url" in case.body or "token" in case.body:
            case.body["api_url"] = ASANA
