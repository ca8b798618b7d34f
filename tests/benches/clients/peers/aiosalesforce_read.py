"""Reads a query's rows with aiosalesforce. Variables: ORG (the address), CLIENT_ID, CLIENT_SECRET, SOQL."""

import asyncio
import os

import httpx
from aiosalesforce import Salesforce
from aiosalesforce.auth import ClientCredentialsFlow

ORG = httpx.URL(os.environ["ORG"])


class ToOrg(httpx.AsyncHTTPTransport):
    """aiosalesforce takes only addresses of Salesforce."""

    async def handle_async_request(self, request):
        request.url = request.url.copy_with(scheme="http", host=ORG.host, port=ORG.port)
        return await super().handle_async_request(request)


async def main():
    auth = ClientCredentialsFlow(os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"])
    async with httpx.AsyncClient(transport=ToOrg(), timeout=60) as http:
        org = Salesforce(http, base_url="https://bench.my.salesforce.com", auth=auth, version="66.0")
        rows = 0
        async for _ in org.query(os.environ["SOQL"]):
            rows += 1
    print(rows)


asyncio.run(main())
