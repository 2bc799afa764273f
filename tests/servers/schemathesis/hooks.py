"""Hooks of schemathesis: values that reach stored orders, and a check that no unexpected failure reaches a client."""

import json
import os
import random
import re

import schemathesis
from graphql import Visitor, visit
from graphql.language.ast import (
    IntValueNode,
    NameNode,
    NullValueNode,
    ObjectFieldNode,
    ObjectValueNode,
    StringValueNode,
)
from hypothesis import strategies as st
from schemathesis.graphql import nodes

# Values of stored orders by the name of their argument, and the error codes that a client may see.
KNOWN = json.loads(os.environ["FUZZ_KNOWN"])
CODES = set(json.loads(os.environ["FUZZ_CODES"]))

# Most generated values are replaced, so that requests get past the look-up of an order.
KNOWN_SHARE = 0.6

INTERNALS = re.compile(
    r"SELECT |INSERT INTO|UPDATE orders|syntax error at|prisma|PostgreSQL|ECONN|node_modules|\.js:\d|\bat \S+ \(", re.I
)

decimals = st.one_of(
    st.integers(0, 10_000).map(str),
    st.decimals(min_value=-10, max_value=10**15, allow_nan=False, allow_infinity=False).map(str),
    st.sampled_from(["0", "1e3", "-1", "NaN", "9999999999999999.99", "0.001"]),
)
texts = st.one_of(st.sampled_from(["ann", "'; DROP TABLE orders; --", "%", "\\", "\u202e", "a" * 600]), st.text())

schemathesis.graphql.scalar("Decimal", decimals.map(nodes.String))
schemathesis.graphql.scalar("Currency", st.sampled_from(["USD", "EUR", "JPY", "XXX", "usd", ""]).map(nodes.String))
schemathesis.graphql.scalar("CountryCode", st.sampled_from(["DE", "US", "ZZ"]).map(nodes.String))
schemathesis.graphql.scalar(
    "EmailAddress", st.one_of(st.emails(), st.sampled_from(["a@b", "", "x" * 300 + "@example.com"])).map(nodes.String)
)
schemathesis.graphql.scalar(
    "DateTime",
    st.one_of(
        st.datetimes().map(lambda time: time.isoformat() + "Z"),
        st.sampled_from(["2026-01-01T00:00:00Z", "9999-12-31T23:59:60Z", "-1", "now"]),
    ).map(nodes.String),
)


def object_of(values):
    fields = [
        ObjectFieldNode(name=NameNode(value=f"k{index}"), value=StringValueNode(value=value))
        for index, value in enumerate(values)
    ]
    return ObjectValueNode(fields=tuple(fields))


schemathesis.graphql.scalar("JSONObject", st.lists(texts, max_size=3).map(object_of))

# One generator for the whole run, so that its seed repeats it.
CHANCE = random.Random(int(os.environ["FUZZ_SEED"]))


CONTRADICTING = {"last", "before", "after", "orderBy", "where"}


class UseKnownValues(Visitor):
    """Replaces the values of named arguments and input fields by those of stored orders."""

    def _replace(self, node, *_):
        values = KNOWN.get(node.name.value)
        if not values or CHANCE.random() > KNOWN_SHARE:
            return
        value = CHANCE.choice(values)
        if isinstance(node.value, (StringValueNode, NullValueNode)) and isinstance(value, str):
            node.value = StringValueNode(value=value)
        elif isinstance(node.value, (IntValueNode, NullValueNode)) and isinstance(value, int):
            node.value = IntValueNode(value=str(value))

    def enter_field(self, node, *_):
        """Random pages contradict themselves: first with last, or cursors of another list."""
        if CHANCE.random() < KNOWN_SHARE:
            node.arguments = tuple(each for each in node.arguments if each.name.value not in CONTRADICTING)

    enter_argument = _replace
    enter_object_field = _replace


@schemathesis.hook
def map_body(ctx, body):
    visit(body, UseKnownValues())
    return body


@schemathesis.check
def answers_are_masked(ctx, response, case):
    """No request fails unexpectedly, and no error quotes the inside of the server."""
    assert response.status_code < 500, f"status {response.status_code}: {response.text}"
    answer = response.json()
    for error in answer.get("errors", []):
        code = error.get("extensions", {}).get("code")
        assert code in CODES, f"the code {code} is not documented: {error}"
        assert not INTERNALS.search(error["message"].split("it is ")[0]), f"the message quotes internals: {error}"
