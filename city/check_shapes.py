"""The shapes of a city's files: JSON Schemas, and their breaches in words for the person who has to mend them.

Belongs here: loading json_schemas/ and saying what was found, what was expected and what to write. Does not
belong here: reading files (check_reading).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, cast

import jsonschema

SCHEMAS = Path(__file__).resolve().parent / "json_schemas"
#: Where something stands in a YAML or JSON document: names and list positions from the top.
DocumentPath = tuple[str | int, ...]

KINDS = {
    "number": "数 a number",
    "integer": "整数 a whole number",
    "string": "文字 text",
    "object": "named fields {…}",
    "array": "a list […]",
    "boolean": "true or false",
}


@cache
def load_schema(name: str) -> dict[str, Any]:
    """A JSON Schema of city/json_schemas by its file's stem."""
    schema: dict[str, Any] = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    return schema


@cache
def _validator(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(load_schema(name))


def shown(value: object, width: int = 70) -> str:
    """A value as one short printable line; nothing is shown as `empty`."""
    text = value if isinstance(value, str) else _as_json(value)
    text = "".join(letter if letter.isprintable() else "·" for letter in text.strip()[: width + 1])
    return (text[: width - 1] + "…" if len(text) > width else text) or "空 empty"


def _as_json(value: object) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):
        return type(value).__name__


def schema_faults(schema: str, instance: object) -> Iterator[tuple[DocumentPath, Any, str, str]]:
    """Path, what was found, what was expected and what to do, for every breach of a JSON Schema."""
    seen: set[DocumentPath] = set()
    for error in _validator(schema).iter_errors(instance):
        path = tuple(error.absolute_path)
        rule: Any = error.schema
        named: Any = error.validator_value
        if error.validator == "required":
            missing = [(*path, name) for name in named if name not in error.instance]
            for place in missing:
                if place not in seen:
                    seen.add(place)
                    yield (
                        place,
                        "",
                        "写明 a value",
                        f"write {place[-1]}: {described(_named_rule(rule, schema, place))}",
                    )
        elif error.validator == "additionalProperties":
            known = rule.get("properties", {})
            for name in error.instance:
                if name not in known:
                    meant = get_close_matches(str(name), list(known), n=1)
                    remedy = f"did you mean {meant[0]}?" if meant else "remove it, or see docs/city-folder.md"
                    yield (*path, str(name)), name, f"one of {', '.join(known)}", remedy
        elif path not in seen:
            seen.add(path)
            if error.validator == "dependentRequired":
                yield path, error.instance, "both or neither", error.message
            else:
                yield path, error.instance, _expected(error), _remedy(error, schema, path)


def _named_rule(rule: Mapping[str, Any], schema: str, path: DocumentPath) -> Mapping[str, Any]:
    """The rule of a missing name: beside the breach where it stands there, else found from the top."""
    beside: Mapping[str, Any] = rule.get("properties", {}).get(path[-1], {})
    return beside if "description" in beside else _rule_at(schema, path)


def _rule_at(schema: str, path: DocumentPath) -> Mapping[str, Any]:
    """The rule of the schema for the thing at a path; {} when it names none."""
    root = load_schema(schema)
    rule: Any = root
    for step in path:
        if isinstance(step, int):
            rule = rule.get("items", {})
        else:
            rule = rule.get("properties", {}).get(step) or rule.get("additionalProperties", {})
        if not isinstance(rule, Mapping):
            return {}
        if "$ref" in rule:
            rule = root["$defs"][str(rule["$ref"]).rpartition("/")[2]]
    return cast("Mapping[str, Any]", rule)


def _remedy(error: jsonschema.ValidationError, schema: str, path: DocumentPath) -> str:
    if error.validator == "not":  # the schema says {"not": {}}: nothing may stand here
        return "leave it empty: it decides nothing here and would mislead"
    rule = (
        error.schema if isinstance(error.schema, Mapping) and "description" in error.schema else _rule_at(schema, path)
    )
    return described(rule)


def described(rule: Mapping[str, Any]) -> str:
    """What a property is for, with its first example: what to write."""
    text = str(rule.get("description", "see docs/city-folder.md"))
    examples = rule.get("examples")
    return f"{text} Example: {shown(examples[0])}" if examples else text


def _expected(error: jsonschema.ValidationError) -> str:
    """The rule that was broken, in a few words."""
    limit: Any = error.validator_value
    rule: Any = error.schema if isinstance(error.schema, Mapping) else {}
    match error.validator:
        case "not":
            return "nothing 留空"
        case "type":
            return " or ".join(KINDS.get(kind, kind) for kind in ([limit] if isinstance(limit, str) else limit))
        case "enum":
            return "one of " + ", ".join(map(str, limit))
        case "minimum":
            return f"{limit} or more 不小于 {limit}"
        case "maximum":
            return f"{limit} or less 不大于 {limit}"
        case "exclusiveMinimum":
            return f"more than {limit} 大于 {limit}"
        case "pattern":
            return f"like {rule['examples'][0]}" if rule.get("examples") else f"text that matches {limit}"
        case "minItems" | "minLength" | "minProperties":
            return "not empty 不能为空"
        case "maxProperties":
            return "nothing 留空"
        case "uniqueItems":
            return "each once 不能重复"
        case _:
            return shown(error.message)
