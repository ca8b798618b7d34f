"""The connector in Python, through the package `wasmtime` (46 or later). This host can't add credentials to requests by
itself, so it passes a token.

    pip install wasmtime
    BASE_URL=https://acme.my.salesforce.com ACCESS_TOKEN=... python list_users.py asymbl.wasm
"""

import os
import sys

from wasmtime import Engine, Store, WasiConfig
from wasmtime.component import Component, Linker, Record


def record(**fields):
    """A WIT record: its field names have hyphens, so they are set by name."""
    made = Record()
    for name, value in fields.items():
        setattr(made, name.replace("_", "-"), value)
    return made


def get_connection(_store):
    return record(
        base_url=os.environ["BASE_URL"],
        api_version="66.0",
        settings="{}",
        disabled=[],
        access_token=os.environ["ACCESS_TOKEN"],
    )


def log(_store, level, message, _fields):
    print(level, message, file=sys.stderr)


engine = Engine()
store = Store(engine)
store.set_wasi(WasiConfig())
store.set_wasi_http()
linker = Linker(engine)
linker.add_wasip2()
linker.add_wasi_http()
with linker.root() as root, root.add_instance("ats:connector/host@0.1.0") as host:
    host.add_func("get-connection", get_connection)
    host.add_func("log", log)
instance = linker.instantiate(store, Component.from_file(engine, sys.argv[1]))
reads = instance.get_export_index(store, "ats:connector/reads@0.1.0")


def call(name, *arguments):
    function = instance.get_func(store, instance.get_export_index(store, name, reads))
    answer = function(store, *arguments)
    if hasattr(answer, "tag"):  # an error: a variant; an answer is a record
        sys.exit(f"{answer.tag}: {getattr(answer.payload, 'message', answer.payload)}")
    return answer


profile = call("discover").profile
users = call("list-users", profile, record(since=None, cursor=None, page_size=None))
for user in users.items:
    print(getattr(user, "remote-id"), getattr(user, "first-name"), getattr(user, "last-name"), user.status)
