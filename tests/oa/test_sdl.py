"""The schema against the original's, type by type: nothing of it may change, only be added to."""

from __future__ import annotations

from pathlib import Path

import pytest
from graphql import (
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    get_introspection_query,
)

from spot_oa.api.export import main
from spot_oa.api.resolvers import shared
from spot_oa.api.schema import executable_schema
from tests.oa.conftest import Ask

ORIGINAL = build_schema((Path(__file__).parent / "data" / "original.graphql").read_text("utf-8"))

#: What this project adds to types of the original.
ADDED = {
    ("SpotQueryType", "me"),
    ("SpotQueryType", "days"),
    ("NetflowScoredConnectionType", "author"),
    ("NetflowScoredConnectionType", "ratedAt"),
    ("DnsScoredThreatType", "author"),
    ("DnsScoredThreatType", "ratedAt"),
    ("ProxySuspiciousType", "mlScore"),
    ("ProxyScoredRequestType", "author"),
    ("ProxyScoredRequestType", "ratedAt"),
}
Typed = GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType


def own_types(schema: GraphQLSchema) -> dict[str, object]:
    return {name: kind for name, kind in schema.type_map.items() if not name.startswith("__")}


def fields(schema: GraphQLSchema, name: str) -> dict[str, tuple[str, dict[str, str]]]:
    kind = schema.type_map[name]
    assert isinstance(kind, Typed)
    return {
        field: (
            str(value.type),
            {arg: str(one.type) for arg, one in getattr(value, "args", {}).items()},
        )
        for field, value in kind.fields.items()
    }


@pytest.mark.parametrize("name", sorted(own_types(ORIGINAL)))
def test_each_type_of_the_original_is_as_it_was(name: str) -> None:
    schema = executable_schema()
    assert type(schema.type_map[name]) is type(ORIGINAL.type_map[name])
    if not isinstance(ORIGINAL.type_map[name], Typed):
        return
    found = fields(schema, name)
    added = {field: found.pop(field) for owner, field in ADDED if owner == name}
    assert found == fields(ORIGINAL, name)
    assert all(
        not any(kind.endswith("!") for kind in args.values()) or field == "days"
        for field, (_, args) in added.items()
    )


@pytest.mark.parametrize("name", ["DnsQueryCommentType", "DnsIncidentProgressionClientIpType"])
def test_interfaces_are_implemented(name: str) -> None:
    kind, original = executable_schema().type_map[name], ORIGINAL.type_map[name]
    assert isinstance(kind, GraphQLObjectType)
    assert isinstance(original, GraphQLObjectType)
    assert [i.name for i in kind.interfaces] == [i.name for i in original.interfaces]


def test_roots_have_the_names_of_the_original() -> None:
    schema = executable_schema()
    assert schema.query_type is schema.type_map["SpotQueryType"]
    assert schema.mutation_type is schema.type_map["SpotMutationType"]
    assert schema.subscription_type is None


def test_every_field_that_reads_or_groups_has_a_resolver() -> None:
    """No field may fall back to null silently: made-up emptiness."""
    for name, kind in executable_schema().type_map.items():
        owner = name.endswith(("QueryType", "MutationType", "Threats", "ThreatsType"))
        if isinstance(kind, GraphQLObjectType) and (owner or name.endswith("Information")):
            if name in ("DnsQueryCommentType", "DnsIncidentProgressionQueryType"):
                continue
            for field, value in kind.fields.items():
                assert value.resolve is not None, f"{name}.{field}"


def test_what_is_not_there_yet_says_so() -> None:
    schema = executable_schema()
    later = {
        f"{name}.{field}"
        for name, kind in schema.type_map.items()
        if isinstance(kind, GraphQLObjectType)
        for field, value in kind.fields.items()
        if value.resolve is shared.not_available
    }
    assert later == {
        *(
            "NetflowThreatInformation." + name
            for name in fields(schema, "NetflowThreatInformation")
        ),
        *("DnsThreatInformation." + name for name in fields(schema, "DnsThreatInformation")),
        *("ProxyThreatInformation." + name for name in fields(schema, "ProxyThreatInformation")),
        "NetflowMutationType.createStoryboard",
        "DnsMutationType.createStoryboard",
        "ProxyMutationType.createStoryboard",
    }


def test_introspection_is_allowed(ask: Ask) -> None:
    found = ask(get_introspection_query())
    names = {kind["name"] for kind in found["__schema"]["types"]}
    assert set(own_types(ORIGINAL)) <= names


def test_the_schema_can_be_written_to_a_file(tmp_path: Path) -> None:
    assert main([str(tmp_path / "schema.graphql")]) == 0
    again = build_schema((tmp_path / "schema.graphql").read_text("utf-8"))
    assert set(own_types(again)) == set(own_types(executable_schema()))
    assert main([]) == 2
