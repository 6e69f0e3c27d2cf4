"""The OpenAPI document of the HTTP API, from its endpoints."""

from collections.abc import Iterable
from typing import Any, Final

from ingest import __version__
from ingest.cli.agents.http.endpoints import Endpoint
from ingest.cli.agents.tools import TEXT_CHARS, Argument

PROBLEMS: Final = {
    "400": "An argument is wrong; the message says which, and the hint what to do.",
    "401": "No key, or one that is unknown, expired or revoked.",
    "403": "The key is for another project, or the origin is another one.",
    "404": "There is no such project, item or route.",
    "405": "Only GET.",
    "408": "The request took too long.",
    "409": "The beginning of an id is that of several items.",
    "413": "The body is too large.",
    "421": "The Host header names another server.",
    "429": "Too many requests; Retry-After says when to go on.",
    "503": "The database cannot be used now.",
}


def openapi(endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    reference = {"$ref": "#/components/schemas/Error"}
    problems = {
        status: {"description": about, "content": {"application/json": {"schema": reference}}}
        for status, about in PROBLEMS.items()
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tailboard",
            "version": __version__,
            "description": "What Codex sessions on this machine did. MCP is at /mcp.",
        },
        "security": [{"key": []}],
        "paths": {each.path: {"get": _operation(each, problems)} for each in endpoints},
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "Error": {
                    "type": "object",
                    "required": ["schema", "error"],
                    "properties": {
                        "schema": {"const": "tailboard.error/1"},
                        "error": {
                            "type": "object",
                            "required": ["code", "message", "hint"],
                            "properties": {
                                name: {"type": "string"} for name in ("code", "message", "hint")
                            },
                        },
                    },
                }
            },
        },
    }


def _schema(argument: Argument) -> dict[str, Any]:
    schema = {key: value for key, value in argument.schema.items() if key != "description"}
    if argument.type == "string" and not argument.choices:
        schema |= {"minLength": 1, "maxLength": TEXT_CHARS, "pattern": "^[^\\u0000]*$"}
    return schema


def _operation(endpoint: Endpoint, problems: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": endpoint.path.removeprefix("/v1/").replace("/", "_").replace("{id}", "one"),
        "summary": endpoint.about,
        "parameters": [
            {
                "name": name,
                "in": "path" if f"{{{name}}}" in endpoint.path else "query",
                "required": each.required,
                "description": each.about,
                "schema": _schema(each),
            }
            for name, each in endpoint.arguments.items()
        ],
        "responses": {
            "200": {
                "description": f"The document of `{endpoint.schema}`.",
                "content": {
                    "application/json": {
                        "schema": {
                            "type": "object",
                            "required": ["schema"],
                            "properties": {"schema": {"const": f"tailboard.{endpoint.schema}/1"}},
                        }
                    }
                },
            },
            **problems,
        },
    }
