"""Schemas of an OpenAPI page in one form, however they are written: for comparing two pages."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

_REFERENCE = re.compile(r"#/components/schemas/([\w.-]+)")

Schemas = Mapping[str, Any]
"""Every named schema of a page."""


def part(page: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The page as if it had only the paths that begin so, and the schemas that are met from there."""
    paths = {path: methods for path, methods in page["paths"].items() if path.startswith(prefix)}
    schemas, met = page["components"]["schemas"], set[str]()
    to_read: list[Any] = [paths]
    while to_read:
        new = set(_REFERENCE.findall(str(to_read.pop()))) - met
        met |= new
        to_read += [schemas[name] for name in new]
    kept = {name: schema for name, schema in schemas.items() if name in met}
    return {**page, "paths": paths, "components": {**page["components"], "schemas": kept}}


def shape(schema: Mapping[str, Any], schemas: Schemas, named: Collection[str]) -> str:
    """
    What a schema lets through, in words: `integer`, `null|string`, `array of Utterance`.

    Args:
        schema: may refer to others.
        named: those that are called by their names; the others are put in their place.
    """
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return name if name in named else shape(schemas[name], schemas, named)
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return "|".join(sorted({shape(each, schemas, named) for each in schema[union]}))
    if "const" in schema:
        return str(schema["const"])
    if "enum" in schema:
        return "|".join(sorted(schema["enum"]))
    kinds = schema.get("type", "any")
    if isinstance(kinds, list):
        return "|".join(sorted(shape({**schema, "type": kind}, schemas, named) for kind in kinds))
    if kinds == "array":
        return f"array of {shape(schema['items'], schemas, named)}"
    if kinds == "object" and "properties" in schema:
        return (
            "{" + ", ".join(f"{name}: {kind}" for name, kind in fields(schema, schemas, named).items()) + "}"
        )
    return str(schema["format"] if schema.get("format") in ("uuid4", "binary") else kinds)


def fields(schema: Mapping[str, Any], schemas: Schemas, named: Collection[str]) -> dict[str, str]:
    """Each field of an object; its name ends with `*` where it is required."""
    required = schema.get("required", ())
    return {
        f"{name}*" if name in required else name: shape(field, schemas, named)
        for name, field in sorted(schema["properties"].items())
    }
