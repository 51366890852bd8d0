"""A text becomes plain data, or a refusal that says where: strict JSON, and YAML as 1.2 means it. Pure."""

from __future__ import annotations

from typing import Any

from handler.policy.json_document import NotJsonError
from handler.policy.json_document import check_characters as check_characters  # noqa: PLC0414
from handler.policy.json_document import parse_json as parse_json  # noqa: PLC0414

LONGEST = 4_000_000
"""Characters of a document in JSON, and of a file that is read for one; one in YAML has a quarter of it."""


def parse_document(text: str) -> Any:
    """Return the value of a YAML or JSON document. Raises `ValueError` with line and column."""
    if len(text) > LONGEST:
        raise ValueError(f"too long: {len(text):,} characters, {LONGEST:,} are allowed")
    if text.lstrip()[:1] not in {"{", "["}:
        # 20 ms of cold start that a policy in JSON need not pay
        from handler.policy.yaml_document import parse_yaml  # noqa: PLC0415

        return parse_yaml(text)
    try:
        return parse_json(text)
    except NotJsonError as error:
        if text.lstrip().startswith("["):
            raise
        json_problem = error
    from handler.policy.yaml_document import NotAllowedError, parse_yaml  # noqa: PLC0415 - likewise

    try:  # `{a: b}` is YAML too
        return parse_yaml(text)
    except NotAllowedError:
        raise
    except ValueError:
        raise json_problem from None
