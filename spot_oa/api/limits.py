"""How much one request may ask for. Checked on the query's text before anything is read."""

from __future__ import annotations

from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from spot_oa.api.errors import Code, RequestError

#: Longest query text, in characters; variables are limited by the size of the request's body.
LONGEST_QUERY = 100_000
MOST_TOKENS = 20_000
#: Levels of fields. Introspection needs 14.
DEEPEST = 20
#: Fields, each use of a fragment counted. Introspection needs about 300.
MOST_FIELDS = 1_000
#: Fields that have fields (each may read a table), outside of introspection.
MOST_OBJECTS = 60
#: Uses of ``__schema`` and ``__type``.
MOST_INTROSPECTIONS = 5


@dataclass(frozen=True)
class Cost:
    """What a selection asks for."""

    depth: int = 0
    fields: int = 0
    objects: int = 0
    introspections: int = 0

    def beside(self, other: Cost) -> Cost:
        """The cost of both, next to each other."""
        return Cost(
            max(self.depth, other.depth),
            self.fields + other.fields,
            self.objects + other.objects,
            self.introspections + other.introspections,
        )


def check_cost(document: DocumentNode) -> None:
    """Refuse a document that asks for too much; it need not be valid."""
    counter = _Counter(document)
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            _check(counter.of(definition.selection_set))


def _check(cost: Cost) -> None:
    for what, found, most in (
        ("levels", cost.depth, DEEPEST),
        ("fields", cost.fields, MOST_FIELDS),
        ("object fields", cost.objects, MOST_OBJECTS),
        ("introspections", cost.introspections, MOST_INTROSPECTIONS),
    ):
        if found > most:
            raise RequestError(
                f"the query asks for {found} {what}; at most {most} are allowed",
                code=Code.TOO_COSTLY,
            )


class _Counter:
    """Counts each fragment once, so that nested fragments cost no time to count."""

    def __init__(self, document: DocumentNode) -> None:
        self._fragments = {
            node.name.value: node
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
        self._counted: dict[str, Cost] = {}

    def of(self, selections: SelectionSetNode | None) -> Cost:
        """The cost of a selection set."""
        total = Cost()
        for node in selections.selections if selections else ():
            if isinstance(node, FieldNode):
                total = total.beside(self._field(node))
            elif isinstance(node, InlineFragmentNode):
                total = total.beside(self.of(node.selection_set))
            elif isinstance(node, FragmentSpreadNode):
                total = total.beside(self._fragment(node.name.value))
        return total

    def _field(self, node: FieldNode) -> Cost:
        below = self.of(node.selection_set)
        if node.name.value in ("__schema", "__type"):
            return Cost(below.depth + 1, below.fields + 1, 0, 1)
        objects = below.objects + (node.selection_set is not None)
        return Cost(below.depth + 1, below.fields + 1, objects, below.introspections)

    def _fragment(self, name: str) -> Cost:
        if name not in self._counted:
            self._counted[name] = Cost()  # holds for a fragment inside itself, which is invalid
            fragment = self._fragments.get(name)
            self._counted[name] = self.of(fragment.selection_set) if fragment else Cost()
        return self._counted[name]
