"""Runs the released tap-salesforce, unchanged, against a practice org: discovery, then REST and Bulk API v1.

Environment: ORG_URL (plain http), ORG_PROXY (http), ORG_CA, ORG_CLIENT_ID, ORG_CLIENT_SECRET, ORG_REFRESH_TOKEN.
The tap logs in at login.salesforce.com, so it reaches the org through the org's own CONNECT proxy.
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
TAP = pathlib.Path(sys.executable).with_name("tap-salesforce")
STREAMS = ("Account", "Contact", "bpats__Job__c")
WORK = pathlib.Path(tempfile.mkdtemp())


def call(path, body=None, token=None, form=False):
    data = None
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if body is not None:
        data = (urllib.parse.urlencode(body) if form else json.dumps(body)).encode()
    with urllib.request.urlopen(urllib.request.Request(URL + path, data, headers)) as answer:
        return json.load(answer)


def counts():
    """What a queryAll of each stream must bring."""
    credentials = {
        "grant_type": "client_credentials",
        "client_id": os.environ["ORG_CLIENT_ID"],
        "client_secret": os.environ["ORG_CLIENT_SECRET"],
    }
    token = call("/services/oauth2/token", credentials, form=True)["access_token"]
    ask = lambda name: call(
        f"/services/data/v61.0/queryAll?q=SELECT+COUNT()+FROM+{name}", token=token
    )["totalSize"]
    return {name: ask(name) for name in STREAMS}


def tap(api, *arguments):
    """The messages that a run of the tap prints."""
    config = {
        "client_id": os.environ["ORG_CLIENT_ID"],
        "client_secret": os.environ["ORG_CLIENT_SECRET"],
        "refresh_token": os.environ["ORG_REFRESH_TOKEN"],
        "start_date": "2000-01-01T00:00:00Z",
        "api_type": api,
        "select_fields_by_default": "true",
    }
    file = WORK / "config.json"
    file.write_text(json.dumps(config))
    environment = dict(
        os.environ, HTTPS_PROXY=os.environ["ORG_PROXY"], REQUESTS_CA_BUNDLE=os.environ["ORG_CA"]
    )
    done = subprocess.run(
        [TAP, "--config", file, *arguments], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


def catalogue(api, streams):
    found = json.loads(tap(api, "--discover"))
    names = {stream["stream"] for stream in found["streams"]}
    assert set(STREAMS) <= names, names
    for stream in found["streams"]:
        if stream["stream"] in streams:
            top = next(entry for entry in stream["metadata"] if not entry["breadcrumb"])
            top["metadata"].update(
                {
                    "selected": True,
                    "replication-method": "INCREMENTAL",
                    "replication-key": top["metadata"]["valid-replication-keys"][0],
                }
            )
    file = WORK / f"catalogue-{api}.json"
    file.write_text(json.dumps(found))
    return file


def sync(api, streams):
    """Records by stream; the tap's last state."""
    records, state = collections.defaultdict(list), None
    for line in tap(api, "--properties", catalogue(api, streams)).splitlines():
        message = json.loads(line)
        if message["type"] == "RECORD":
            records[message["stream"]].append(message["record"])
        elif message["type"] == "STATE":
            state = message["value"]
    return records, state


def check(api, wanted):
    records, state = sync(api, STREAMS)
    assert {name: len(rows) for name, rows in records.items()} == wanted, api
    for name, rows in records.items():
        assert len({row["Id"] for row in rows}) == wanted[name]
        stamps = [row["SystemModstamp"] for row in rows]
        assert stamps == sorted(stamps)
        assert state["bookmarks"][name]["SystemModstamp"][:19] == stamps[-1][:19]
    return records


def main():
    wanted = counts()
    assert wanted["Contact"] > 2000, wanted
    by_rest = check("REST", wanted)
    by_bulk = check("BULK", wanted)
    # The tap itself turns CR LF into LF on its Bulk path, by a temporary file in text mode.
    plain = lambda text: text.replace("\r\n", "\n")
    names = lambda records: {row["Id"]: plain(row["LastName"]) for row in records["Contact"]}
    assert names(by_rest) == names(by_bulk)
    before = call("/__practice__/stats")["by_kind"]
    call("/__practice__/jobs", {"fail_next": "InternalServerError : QUERY_TIMEOUT"})
    chunked, _ = sync("BULK", ("Account",))
    assert len(chunked["Account"]) == wanted["Account"]
    assert call("/__practice__/stats")["by_kind"]["bulk"] - before["bulk"] > 6
    print("tap-salesforce: all checks passed")


main()
