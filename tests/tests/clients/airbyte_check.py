"""Runs the released Airbyte source, unchanged, against a practice org: check, discover, read (Bulk and REST).

Environment: ORG_URL (plain http), ORG_PROXY (http), ORG_CA, ORG_CLIENT_ID, ORG_CLIENT_SECRET, ORG_REFRESH_TOKEN.
Its login host is fixed, so it reaches the org through the org's own CONNECT proxy.
"""

import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

URL = os.environ["ORG_URL"]
SOURCE = pathlib.Path(sys.executable).with_name("source-salesforce")
WORK = pathlib.Path(tempfile.mkdtemp())
CLIENT = {
    "client_id": os.environ["ORG_CLIENT_ID"],
    "client_secret": os.environ["ORG_CLIENT_SECRET"],
}
# Contact has an address, which Bulk refuses: the source falls back to REST. Jobs go by Bulk.
STREAMS = ("Contact", "bpats__Job__c")


def count(name):
    form = urllib.parse.urlencode({"grant_type": "client_credentials", **CLIENT}).encode()
    with urllib.request.urlopen(f"{URL}/services/oauth2/token", form) as answer:
        token = json.load(answer)["access_token"]
    path = f"{URL}/services/data/v62.0/queryAll?q=SELECT+COUNT()+FROM+{name}"
    request = urllib.request.Request(path, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["totalSize"]


def source(*arguments):
    """The messages that a run of the source prints."""
    environment = dict(
        os.environ, HTTPS_PROXY=os.environ["ORG_PROXY"], REQUESTS_CA_BUNDLE=os.environ["ORG_CA"]
    )
    done = subprocess.run([SOURCE, *arguments], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def main():
    config = WORK / "config.json"
    criteria = [{"criteria": "exacts", "value": name} for name in STREAMS]
    config.write_text(
        json.dumps(
            {
                **CLIENT,
                "auth_type": "Client",
                "refresh_token": os.environ["ORG_REFRESH_TOKEN"],
                "is_sandbox": False,
                "start_date": "2000-01-01T00:00:00Z",
                "streams_criteria": criteria,
                "stream_slice_step": "P3650D",
            }
        )
    )
    status = [m for m in source("check", "--config", config) if m["type"] == "CONNECTION_STATUS"]
    assert status[0]["connectionStatus"]["status"] == "SUCCEEDED", status
    found = [m for m in source("discover", "--config", config) if m["type"] == "CATALOG"]
    streams = found[0]["catalog"]["streams"]
    # The source adds a stream of its own, `Describe`.
    streams = [stream for stream in streams if stream["name"] != "Describe"]
    assert {stream["name"] for stream in streams} == set(STREAMS), [s["name"] for s in streams]
    catalogue = WORK / "catalogue.json"
    chosen = [
        {"stream": stream, "sync_mode": "incremental", "cursor_field": ["SystemModstamp"], "destination_sync_mode": "append"}
        for stream in streams
    ]
    catalogue.write_text(json.dumps({"streams": chosen}))
    records = collections.defaultdict(set)
    for message in source("read", "--config", config, "--catalog", catalogue):
        if message["type"] == "RECORD":
            record = message["record"]
            records[record["stream"]].add(record["data"]["Id"])
    for name in STREAMS:
        assert len(records[name]) == count(name), (name, len(records[name]))
    print("airbyte-source-salesforce: all checks passed")


main()
