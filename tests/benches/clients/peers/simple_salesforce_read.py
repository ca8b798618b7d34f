"""Reads a query's rows with simple-salesforce. Variables: ORG (the address), TOKEN, SOQL."""

import os

import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce

ORG = os.environ["ORG"]


class ToOrg(HTTPAdapter):
    """simple-salesforce speaks only HTTPS."""

    def send(self, request, **options):
        request.url = request.url.replace("https://", "http://", 1)
        return super().send(request, **options)


session = requests.Session()
session.trust_env = False
session.mount("https://", ToOrg())
org = Salesforce(
    instance_url=ORG.replace("http://", "https://"),
    session_id=os.environ["TOKEN"],
    session=session,
    version="66.0",
)
print(sum(1 for _ in org.query_all_iter(os.environ["SOQL"])))
