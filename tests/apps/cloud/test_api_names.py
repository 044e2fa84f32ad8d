"""A name in the API document belongs to one type. The web's framework keeps the last of those that share one, and routes of the
others would be told with its fields; so every type that the document tells of is asked where it comes from."""

from dataclasses import dataclass, make_dataclass
from typing import Any

import msgspec.inspect
import ninja.openapi.schema
import pytest
from ninja import NinjaAPI, Schema
from ninja.schema import NinjaGenerateJsonSchema
from pydantic.json_schema import CoreModeRef, DefsRef

from yunhai.trading.http.openapi import openapi_components
from yunhai.trading.http.public import ROUTES
from yunhai.trading.http.routes import schema_names
from yunhai.trading.http.structs import RefusedAnswer

Places = dict[str, set[str]]
"""Where the types come from that ask for a name: module and qualified name, of each."""


def places_of_web(api: NinjaAPI, monkeypatch: pytest.MonkeyPatch) -> Places:
    """Of every type that a route of the API takes or answers with, whatever kind of type it is."""
    found: Places = {}

    class Listening(NinjaGenerateJsonSchema):
        def get_defs_ref(self, core_mode_ref: CoreModeRef) -> DefsRef:
            place = core_mode_ref[0].rsplit(":", 1)[0]  # without the number of the object
            found.setdefault(place.rsplit(".", 1)[-1], set()).add(place)
            return super().get_defs_ref(core_mode_ref)

    monkeypatch.setattr(ninja.openapi.schema, "NinjaGenerateJsonSchema", Listening)
    told = api.get_openapi_schema(path_prefix="/")["components"]["schemas"]
    # The wrappers of a route's parameters and answer are not told; two of one name inside one route are, by their places.
    names = {name.rsplit("__", 1)[-1] for name in told}
    assert names <= set(found)
    return {name: found[name] for name in names}


def places_of_core() -> Places:
    """Of every struct that the core's routes take or answer with."""
    found: Places = {}

    def walk(at: Any) -> None:
        if isinstance(at, (list, tuple)):
            for one in at:
                walk(one)
        elif isinstance(at, msgspec.inspect.StructType):
            known = found.setdefault(at.cls.__name__, set())
            place = f"{at.cls.__module__}.{at.cls.__qualname__}"
            if place not in known:
                known.add(place)
                walk(at.fields)
        elif isinstance(at, (msgspec.inspect.Field, msgspec.inspect.Type)):
            for name in at.__struct_fields__:
                walk(getattr(at, name))

    walk(msgspec.inspect.multi_type_info([*schema_names(ROUTES), RefusedAnswer]))
    return found


def claimed_twice(*asked: Places) -> dict[str, list[str]]:
    """Names that more than one type asks for, and where those are."""
    joined: Places = {}
    for places in asked:
        for name, where in places.items():
            joined.setdefault(name, set()).update(where)
    return {name: sorted(where) for name, where in sorted(joined.items()) if len(where) > 1}


def test_a_name_belongs_to_one_type(cloud_places: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import django

    django.setup()
    from yunhai.apps.cloud.api import api

    web, core = places_of_web(api, monkeypatch), places_of_core()
    assert len(web) > 200
    assert set(core) == set(openapi_components())
    assert claimed_twice(web, core) == {}


class Twice(Schema):
    """A schema, and below a view of the same name from elsewhere."""

    number: int


OTHER = make_dataclass("Twice", [("text", str)], frozen=True, namespace={"__module__": "elsewhere.api"})


@dataclass(frozen=True, slots=True)
class Holder:
    """What has the other one inside, so that no route names it."""

    inner: list[OTHER]


@dataclass(frozen=True, slots=True)
class Both:
    """Two of one name in one answer."""

    one: Twice
    other: OTHER


@pytest.mark.parametrize("answer", [OTHER, list[OTHER], Holder, Both], ids=["itself", "a-list", "inside", "both"])
def test_two_types_of_one_name_are_found(answer: Any, cloud_places: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import django

    django.setup()
    api = NinjaAPI(urls_namespace=f"twice-{answer!r}")
    api.get("/one", response=Twice, operation_id="one")(lambda request: None)
    api.get("/two", response=answer, operation_id="two")(lambda request: None)
    assert claimed_twice(places_of_web(api, monkeypatch)) == {"Twice": ["elsewhere.api.Twice", f"{__name__}.Twice"]}


def test_one_process_may_not_take_the_names_of_another() -> None:
    web, core = {"Ack": {"web.Ack"}, "Own": {"web.Own"}}, {"Ack": {"core.Ack"}}
    assert claimed_twice(web, core) == {"Ack": ["core.Ack", "web.Ack"]}
