"""The published JSON Schema of the state files.

Made from the structs that write and read them, so it cannot differ from them. The property `schema`
of a file names its kind and version; a change that older readers refuse gets a new version.
"""

from typing import Any, Final

import msgspec

from ingest.projects.state.document import PROJECT, SESSION, ProjectState, SessionDocument

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_PLACES: Final = {PROJECT: "project_state.json", SESSION: "sessions/*.json"}


def state_schema() -> dict[str, Any]:
    """One schema that accepts every state file: that of a project, or that of a session."""
    kinds, parts = msgspec.json.schema_components(
        [ProjectState, SessionDocument], ref_template="#/$defs/{name}"
    )
    return {
        "$schema": DIALECT,
        "$id": f"urn:{PROJECT}",
        "title": "State files of Tailboard",
        "description": "; ".join(f"{kind} in {place}" for kind, place in _PLACES.items()),
        "oneOf": list(kinds),
        "$defs": parts,
    }
