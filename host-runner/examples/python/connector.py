"""Runs a connector component in Python: plain dicts in and out, and an error of the contract is raised.

    connector = Connector("asymbl.wasm")
    session = connector.open(Tenant("https://acme.example", token))
    profile = session.discover()["profile"]
    for line in session.lines(profile, "candidates"):
        print(json.loads(line)["first_name"])

A session is one sandbox for one tenant. It belongs to the thread that uses it; open one per thread. Names have
underscores here where the contract has hyphens; a variant is a pair `(case, value)`, an absent option `None`.
"""

import json
import sys
from dataclasses import dataclass, field

from wasmtime import Engine, Store, WasiConfig
from wasmtime.component import (
    Component,
    Linker,
    ListType,
    OptionType,
    Record,
    RecordType,
    Variant,
)

CONTRACT = "0.2"
"""The version of the contract that this host is written for; the patch does not matter."""

INTERFACES = ("reads", "about", "actions", "inspection")


class ContractError(Exception):
    """An error of the contract: `case` is its name (`not-found`), `detail` what it holds."""

    def __init__(self, case, detail):
        if isinstance(detail, list):
            message = "; ".join(f"{problem['field']}: {problem['message']}" for problem in detail)
        else:
            message = detail.get("message") or detail["failure"]["message"]
        super().__init__(f"{case}: {message}")
        self.case = case
        self.detail = detail


@dataclass
class Tenant:
    """Says how to reach a tenant's system. The token is given to the component: see the README."""

    base_url: str
    access_token: str
    settings: dict = field(default_factory=dict)
    disabled: list = field(default_factory=list)
    api_version: str | None = None


class Connector:
    """A compiled component, shared by all sessions. Compiling takes a second or more."""

    def __init__(self, path):
        self.engine = Engine()
        self.component = Component.from_file(self.engine, path)
        imports, exports = (
            set(names(self.engine))
            for names in (self.component.type.imports, self.component.type.exports)
        )
        self.host_name = self._named(imports | exports, "host")
        self.interfaces = {name: self._named(exports, name) for name in INTERFACES}
        if not self.interfaces["reads"]:
            raise ValueError(f"{path} is not a connector: it does not export ats:connector/reads")

    @staticmethod
    def _named(names, interface):
        start = f"ats:connector/{interface}@"
        name = next((name for name in names if name.startswith(start)), None)
        if name:
            minor = ".".join(name.removeprefix(start).split(".")[:2])
            if minor != CONTRACT:
                raise ValueError(
                    f"the component is built for ats:connector@{minor}, this host supports {CONTRACT}"
                )
        return name

    def open(self, tenant, log=None):
        """Starts a session; `log(level, message, fields)` gets what the component logs."""
        return Session(self, tenant, log or (lambda level, message, _: print(level, message, file=sys.stderr)))


class Session:
    """A sandbox for one tenant. Each function of the contract is a method."""

    def __init__(self, connector, tenant, log):
        self._store = Store(connector.engine)
        self._store.set_wasi(WasiConfig())
        self._store.set_wasi_http()
        linker = Linker(connector.engine)
        linker.add_wasip2()
        linker.add_wasi_http()
        connection = Record()
        connection.__dict__.update(
            {
                "base-url": tenant.base_url,
                "api-version": tenant.api_version,
                "settings": json.dumps(tenant.settings),
                "disabled": tenant.disabled,
                "access-token": tenant.access_token,
            }
        )
        with linker.root() as root, root.add_instance(connector.host_name) as host:
            host.add_func("get-connection", lambda _store: connection)
            host.add_func("log", lambda _store, level, message, fields: log(level, message, plain(fields)))
        self._instance = linker.instantiate(self._store, connector.component)
        self._functions = {}
        self._interfaces = [
            self._instance.get_export_index(self._store, name)
            for name in connector.interfaces.values()
            if name
        ]

    def __getattr__(self, name):
        function, types = self._function(name.replace("_", "-"))

        def call(*arguments):
            given = [as_type(value, type_) for value, type_ in zip(arguments, types, strict=True)]
            answer = function(self._store, *given)
            # An error is the only variant that a function returns by itself; wasmtime does not raise it.
            if isinstance(answer, Variant):
                raise ContractError(answer.tag, plain(answer.payload))
            return plain(answer)

        return call

    def _function(self, name):
        if name not in self._functions:
            found = (
                index
                for interface in self._interfaces
                if (index := self._instance.get_export_index(self._store, name, interface))
            )
            index = next(found, None)
            if index is None:
                raise AttributeError(f"the connector has no function {name}")
            function = self._instance.get_func(self._store, index)
            types = [type_ for _, type_ in function.type(self._store).params]
            self._functions[name] = (function, types)
        return self._functions[name]

    def lines(self, profile, model, since=None, page_size=None):
        """Yields each record of a model as a line of JSON; `self.token` is then where the next delta starts.

        Pages come as text: as typed values each record would cost ten times the time.
        """
        cursor = None
        while True:
            query = {"since": since, "cursor": cursor, "page_size": page_size}
            page = self.list_page(profile, model, query)
            # Only a line feed ends a record: `splitlines` knows more ends, which texts may hold.
            yield from page["records"]["lines"].split("\n")[:-1]
            case, value = page["info"]["progress"]
            if case == "done":
                self.token = value
                return
            cursor = value


def as_type(value, type_):
    """Returns a plain value as wasmtime wants it. Members of a dict that are left out are none."""
    if isinstance(type_, OptionType):
        return None if value is None else as_type(value, type_.payload)
    if isinstance(type_, RecordType):
        record = Record()
        fields = dict(type_.fields)
        known = {name.replace("-", "_"): name for name in fields}
        if unknown := value.keys() - known.keys():
            raise TypeError(f"there is no {', '.join(sorted(unknown))} among {', '.join(known)}")
        for plain_name, name in known.items():
            setattr(record, name, as_type(value.get(plain_name), fields[name]))
        return record
    if isinstance(type_, ListType) and isinstance(value, list):
        return [as_type(item, type_.element) for item in value]
    if isinstance(value, tuple):
        return Variant(*value)
    return value


def plain(value):
    """Returns a value of wasmtime as dicts, lists, pairs and scalars."""
    if isinstance(value, Record):
        return {name.replace("-", "_"): plain(member) for name, member in vars(value).items()}
    if isinstance(value, Variant):
        return (value.tag, plain(value.payload))
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value
