"""What a platform does with a connector: python example.py COMPONENT.wasm"""

import json
import os
import sys
from urllib.parse import urlencode
from urllib.request import urlopen

from connector import Connector, ContractError, Tenant

BASE_URL = os.environ["BASE_URL"]


def sign_in():
    form = {
        "grant_type": "client_credentials",
        "client_id": os.environ["CLIENT_ID"],
        "client_secret": os.environ["CLIENT_SECRET"],
    }
    with urlopen(f"{BASE_URL}/services/oauth2/token", urlencode(form).encode()) as response:
        return json.load(response)["access_token"]


def story(session):
    found = session.discover()
    profile = found["profile"]
    print("organization:", found["organization"]["id"])

    for line in session.lines(profile, "candidates"):
        print(line)
    token = session.token

    jobs = map(json.loads, session.lines(profile, "jobs"))
    job = next(job for job in jobs if job["status"] == "OPEN")
    candidate = {
        "first_name": "Noor",
        "last_name": "de Vries",
        "email_address": "noor@python.example",
        "additional_email_addresses": [],
        "additional_phone_numbers": [],
        "social_links": [],
    }
    created = session.create_application(
        {"profile": profile},
        {"candidate": candidate, "application": {"job_id": job["remote_id"]}, "attachments": []},
    )
    print("created:", created["application_id"], "of", created["candidate_id"])

    for record in map(json.loads, session.lines(profile, "candidates", since=token)):
        print("changed:", record["remote_id"], record["first_name"])

    try:
        session.get_candidate_attachments(profile, "003000000000000AAA")
    except ContractError as error:
        print("error:", error)

    request = {"method": "GET", "path": "/services/data/", "query": [], "headers": [], "body": ("empty",)}
    response = session.passthrough(request)
    body = response["body"]
    print(f"passthrough: HTTP {response['status']}, {len(body)} characters of {'text' if isinstance(body, str) else 'bytes'}")


try:
    connector = Connector(sys.argv[1])
    story(connector.open(Tenant(BASE_URL, sign_in())))
except (ContractError, ValueError, OSError) as error:
    sys.exit(f"{error}")
