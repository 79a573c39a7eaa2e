"""Descriptions of an API made comparable, however they are written: each field of each of them is a row.

A row's place is `Utterance.speed`, `POST /v0/tts 422`, `POST /v0/tts body`, `GET /v0/tts/voices ?page_size`
or `POST /v0/tts header X-Hume-Api-Key`.
"""

from __future__ import annotations

import functools
import inspect
import json
import operator
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel

_LEAST = ("minLength", "minItems", "minimum")
_MOST = ("maxLength", "maxItems", "maximum")
_VARIANT = " variant"
"""How the published page ends the descriptions of members of a union that have no name of their own."""


class Row(NamedTuple):
    """What is said of one field."""

    kinds: frozenset[str]
    required: bool = False
    bounds: str = ""
    """Of a number, or of how long it is: `1..5`."""
    default: str = ""
    """As JSON."""

    def __str__(self) -> str:
        words = ["required"] * self.required + [" or ".join(sorted(self.kinds))]
        words += [f"[{self.bounds}]"] * bool(self.bounds) + [f"= {self.default}"] * bool(self.default)
        return " ".join(words)

    def loose(self) -> Row:
        """As far as the SDK's types can say it: null is nothing, an id is text, there are no bounds."""
        kinds = frozenset("string" if kind == "uuid" else kind for kind in self.kinds - {"null"})
        return Row(kinds, self.required and "null" not in self.kinds)


Rows = dict[str, Row]


class Page:
    """An OpenAPI 3.1 page."""

    def __init__(self, page: Mapping[str, Any], *, renamed: Mapping[str, str] | None = None) -> None:
        """
        Args:
            renamed: schemas that are to be called otherwise; where several come to one name, they must be
                alike. `""` puts a schema in the place of its name.
        """
        self._schemas: Mapping[str, Any] = page["components"]["schemas"]
        self._renamed = renamed or {}
        self.rows: Rows = {}
        for name in self._schemas:
            if self._name(name):
                self._add_schema(self._name(name), self._schemas[name])
        for path, operations in page["paths"].items():
            for method, operation in operations.items():
                self._add_operation(f"{method.upper()} {path}", operation)

    def _name(self, name: str) -> str:
        return self._renamed.get(name, name)

    def _add(self, place: str, row: Row) -> None:
        assert self.rows.setdefault(place, row) == row, f"two things at {place}"

    def _add_schema(self, place: str, schema: Mapping[str, Any]) -> None:
        if "properties" not in schema:
            self._add(place, self._row(schema))
            for member in schema.get("oneOf", ()):
                if name := _variant(member):
                    self._add_schema(name, member)
            return
        for name, field in schema["properties"].items():
            self._add(f"{place}.{name}", self._row(field, required=name in schema.get("required", ())))

    def _add_operation(self, place: str, operation: Mapping[str, Any]) -> None:
        self._add(place, Row(frozenset({operation["operationId"]})))
        for each in operation.get("parameters", ()):
            sign = "?" if each["in"] == "query" else f"{each['in']} "
            self._add(f"{place} {sign}{each['name']}", self._row(each["schema"], required=each["required"]))
        body = operation.get("requestBody", {})
        for media, content in body.get("content", {}).items():
            if "properties" in content["schema"]:
                self._add_schema(f"{place} body", content["schema"])
                media = f"{media} object"
            else:
                media = f"{media} {self._row(content['schema'])}"
            self._add(f"{place} body", Row(frozenset({media}), body.get("required", False)))
        for status, answer in operation["responses"].items():
            said = [
                f"{media} {self._row(content['schema'])}"
                for media, content in answer.get("content", {}).items()
            ]
            self._add(f"{place} {status}", Row(frozenset(said or {"empty"})))

    def _row(self, schema: Mapping[str, Any], *, required: bool = False) -> Row:
        members = [schema, *schema.get("anyOf", ()), *schema.get("oneOf", ())]
        least, most = (
            "".join(f"{each[key]:g}" for key in keys for each in members if key in each)
            for keys in (_LEAST, _MOST)
        )
        bounds = f"{least}..{most}" if least or most else ""
        default = schema.get("default")
        shown = "" if default is None else json.dumps(default)
        return Row(frozenset(self._kinds(schema)), required, bounds, shown)

    def _kinds(self, schema: Mapping[str, Any]) -> Iterator[str]:
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            yield from [self._name(name)] if self._name(name) else self._kinds(self._schemas[name])
        elif union := schema.get("anyOf") or schema.get("oneOf"):
            for each in union:
                yield from self._kinds(each)
        elif "enum" in schema or "const" in schema:
            yield from (json.dumps(each) for each in schema.get("enum", [schema.get("const")]))
        elif isinstance(schema.get("type"), list):
            for kind in schema["type"]:
                yield from self._kinds({**schema, "type": kind})
        elif schema.get("type") == "array":
            yield _array(self._kinds(schema["items"]))
        elif name := _variant(schema):
            yield name
        elif schema.get("format") in ("uuid4", "binary"):
            yield schema["format"].removesuffix("4")
        else:
            yield schema.get("type", "anything")


def _variant(schema: Mapping[str, Any]) -> str:
    description: str = schema.get("description", "")
    return description.removesuffix(_VARIANT) if description.endswith(_VARIANT) else ""


def _array(kinds: Iterable[str]) -> str:
    inner = sorted(kinds)
    return f"array of {inner[0]}" if len(inner) == 1 else f"array of ({' or '.join(inner)})"


class Types:
    """Types of Python, as far as `Row.loose` goes."""

    def __init__(self, named: Mapping[Any, str]) -> None:
        """
        Args:
            named: what is called by a name: models, unions, literals.
        """
        self._named = named

    def fields(self, place: str, model: type[BaseModel]) -> Rows:
        """The fields of a model; *place* ends with what stands before a name."""
        return {
            f"{place}{name}": self._row(field.annotation, required=field.is_required())
            for name, field in model.model_fields.items()
        }

    def parameters(self, place: str, method: Callable[..., Any]) -> Rows:
        """What a method can be called with; *place* ends with what stands before a name."""
        hints = typing.get_type_hints(method)
        given = inspect.signature(method).parameters.values()
        return {
            f"{place}{each.name}": self._row(hints[each.name], required=each.default is each.empty)
            for each in given
            if each.name not in ("self", "request_options")
        }

    def members(self, union: Any) -> Row:
        """The members of a union, or the values of a literal."""
        return Row(frozenset(self._members(union)))

    def _row(self, type_: Any, *, required: bool) -> Row:
        kinds = frozenset(self._kinds(type_))
        # A field that can have only one value is always sent, and need not be given.
        literal = typing.get_origin(type_) is typing.Literal
        return Row(kinds - {"null"}, (required or literal) and "null" not in kinds)

    def _kinds(self, type_: Any) -> Iterator[str]:
        given = [each for each in typing.get_args(type_) if each is not type(None)]
        if type_ in self._named:
            yield self._named[type_]
        elif type(None) in typing.get_args(type_):
            yield "null"
            yield from self._kinds(functools.reduce(operator.or_, given))
        else:
            yield from self._members(type_)

    def _members(self, type_: Any) -> Iterator[str]:
        origin, arguments = typing.get_origin(type_), typing.get_args(type_)
        if origin is typing.Literal:
            yield from map(json.dumps, arguments)
        elif origin in (typing.Union, types.UnionType):
            for each in arguments:
                # `Any` is for what a later service may send.
                yield from () if each is typing.Any else self._kinds(each)
        elif origin in (list, Sequence):
            yield _array(self._kinds(arguments[0]))
        else:
            yield _PLAIN[type_]


_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean"}


def loosened(rows: Rows) -> Rows:
    """The rows as far as the SDK's types can say them."""
    return {place: row.loose() for place, row in rows.items()}
