"""The schema: the SDL files beside this module, one per source, and the resolvers of each."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources

from ariadne import make_executable_schema
from graphql import (
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
)
from graphql.type import GraphQLType

from spot_common.registry import part, sources
from spot_oa.api.resolvers import root
from spot_oa.api.scalars import INT, SCALARS


def sdl() -> str:
    """Give the text of the whole schema: the root, then each source."""
    folder = resources.files(__package__)
    names = ["root", *sources()]
    return "\n".join(folder.joinpath(f"{name}.graphql").read_text("utf-8") for name in names)


@lru_cache
def executable_schema() -> GraphQLSchema:
    """Give the schema with its resolvers."""
    bindables = [*SCALARS, *root.bindables()]
    for name in sources():
        bindables += part("spot_oa.api.resolvers", name).BINDABLES
    schema = make_executable_schema(sdl(), *bindables)
    _use_own_int(schema)
    return schema


def _use_own_int(schema: GraphQLSchema) -> None:
    """Put our ``Int`` in the place of the built-in one, in this schema only."""
    schema.type_map["Int"] = INT
    for kind in schema.type_map.values():
        if kind.name.startswith("__"):
            continue
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for field in kind.fields.values():
                field.type = _with_own_int(field.type)
                for argument in field.args.values():
                    argument.type = _with_own_int(argument.type)
        elif isinstance(kind, GraphQLInputObjectType):
            for entry in kind.fields.values():
                entry.type = _with_own_int(entry.type)


def _with_own_int(kind: GraphQLType) -> GraphQLType:
    if isinstance(kind, GraphQLNonNull):
        return GraphQLNonNull(_with_own_int(kind.of_type))  # type: ignore[type-var]
    if isinstance(kind, GraphQLList):
        return GraphQLList(_with_own_int(kind.of_type))
    return INT if getattr(kind, "name", "") == INT.name else kind
