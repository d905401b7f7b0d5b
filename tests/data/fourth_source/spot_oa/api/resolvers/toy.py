"""Resolvers of toy."""

from ariadne import ObjectType

from spot_oa.api.resolvers.shared import suspicious
from spot_oa.api.shape import column

_query = ObjectType("ToyQueryType")
_SHAPE = {"badge": column("badge"), "door": column("door")}


@_query.field("suspicious")
def _suspicious(_, info, **asked):
    return suspicious(info, "toy", asked.get("date"), [], "ml_score", _SHAPE)


BINDABLES = [_query]
