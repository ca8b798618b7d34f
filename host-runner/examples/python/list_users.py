"""Lists the users of an org through the component: python list_users.py COMPONENT.wasm

Python cannot add credentials to the component's requests, so this host passes an access token through the connection.
"""

import json
import os
import sys
from urllib.parse import urlencode
from urllib.request import urlopen

from wasmtime import Engine, Store, WasiConfig
from wasmtime.component import Component, Linker, Record

BASE_URL = os.environ["BASE_URL"]


def sign_in():
    form = {
        "grant_type": "client_credentials",
        "client_id": os.environ["CLIENT_ID"],
        "client_secret": os.environ["CLIENT_SECRET"],
    }
    with urlopen(f"{BASE_URL}/services/oauth2/token", urlencode(form).encode()) as response:
        return json.load(response)["access_token"]


def record(**fields):
    """Returns a WIT record. Its field names have hyphens, so they are set by name."""
    result = Record()
    for name, value in fields.items():
        setattr(result, name.replace("_", "-"), value)
    return result


access_token = sign_in()


def get_connection(_store):
    return record(
        base_url=BASE_URL, api_version=None, settings="{}", disabled=[], access_token=access_token
    )


def log(_store, level, message, _fields):
    print(level, message, file=sys.stderr)


engine = Engine()
component = Component.from_file(engine, sys.argv[1])
store = Store(engine)
store.set_wasi(WasiConfig())
store.set_wasi_http()
linker = Linker(engine)
linker.add_wasip2()
linker.add_wasi_http()
# The version of the contract is part of each interface's name.
interfaces = {*component.type.imports(engine), *component.type.exports(engine)}
host_name, reads_name = (
    next(name for name in interfaces if name.startswith(f"ats:connector/{interface}@"))
    for interface in ("host", "reads")
)
with linker.root() as root, root.add_instance(host_name) as host:
    host.add_func("get-connection", get_connection)
    host.add_func("log", log)
instance = linker.instantiate(store, component)
reads = instance.get_export_index(store, reads_name)


def call(name, *arguments):
    function = instance.get_func(store, instance.get_export_index(store, name, reads))
    answer = function(store, *arguments)
    if hasattr(answer, "tag"):  # An error is a variant, an answer a record.
        sys.exit(f"{answer.tag}: {getattr(answer.payload, 'message', answer.payload)}")
    return answer


profile = call("discover").profile
cursor = None
while True:
    page = call("list-users", profile, record(since=None, cursor=cursor, page_size=None))
    for user in page.items:
        name = [getattr(user, field) for field in ("remote-id", "first-name", "last-name")]
        print(*(value or "" for value in name), user.status, sep="\t")
    if page.info.progress.tag == "done":
        # Keep the payload, a sync token: a listing with it as `since` returns only what changed.
        break
    cursor = page.info.progress.payload
