"""The OpenAPI document: valid, complete, and true about errors."""

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped] # ships no types

from tests.support.api import ApiUnderTest

ROUTES = {
    ("post", "/v1/service-changes"),
    ("post", "/v1/service-changes/preview"),
    ("get", "/v1/approvals"),
    ("get", "/v1/approvals/{change_id}"),
    ("get", "/v1/service-changes"),
    ("get", "/v1/service-changes/{change_id}"),
    ("get", "/v1/service-changes/{change_id}/answers"),
    ("get", "/v1/service-changes/{change_id}/timeline"),
    ("post", "/v1/service-changes/{change_id}/documents"),
    ("get", "/v1/service-changes/{change_id}/documents/{version}"),
    ("post", "/v1/service-changes/{change_id}/actions/{action}"),
    ("post", "/v1/webhooks/{system}"),
    ("get", "/v1/webhooks/summary"),
    ("get", "/v1/webhooks/events"),
    ("get", "/v1/webhooks/events/{system}/{event_id}"),
    ("post", "/v1/webhooks/events/{system}/{event_id}/actions/release"),
    ("get", "/v1/drift"),
    ("get", "/v1/drift/{item_id}"),
    ("get", "/v1/drift/{item_id}/changes"),
    ("post", "/v1/drift/{item_id}/actions/{action}"),
    ("post", "/v1/drift/{item_id}/second-approvals/{mapping_id}"),
    ("get", "/v1/mappings"),
    ("post", "/v1/mappings/{mapping_id}/actions/retire"),
    ("get", "/v1/search"),
    ("get", "/v1/service-changes/total"),
    ("get", "/v1/service-changes/export"),
    ("get", "/v1/audit/total"),
    ("get", "/v1/audit/export"),
    ("get", "/v1/permissions"),
    ("get", "/v1/views"),
    ("post", "/v1/views"),
    ("get", "/v1/views/{view_id}"),
    ("patch", "/v1/views/{view_id}"),
    ("delete", "/v1/views/{view_id}"),
    ("get", "/v1/audit"),
    ("get", "/v1/reports/morning"),
    ("post", "/v1/reports/morning"),
    ("get", "/v1/reports/morning/days"),
    ("get", "/v1/reports/morning/export"),
    ("get", "/v1/health/integrations"),
    ("get", "/v1/field-ownership"),
    ("get", "/v1/service-changes/{change_id}/fields"),
    ("get", "/v1/credentials"),
    ("post", "/v1/credentials/preflight"),
    ("post", "/v1/credentials/{system}/stage"),
    ("post", "/v1/credentials/{system}/versions/{version}/actions/{action}"),
    ("get", "/health/live"),
    ("get", "/health/ready"),
}


@pytest.fixture
def api(shared_api: ApiUnderTest) -> ApiUnderTest:
    return shared_api


@pytest.fixture
def document(api: ApiUnderTest) -> dict[str, Any]:
    return api.app.openapi()


def schemas_in(node: object) -> Iterator[dict[str, Any]]:
    """Every schema object, wherever it stands."""
    if isinstance(node, dict):
        if "schema" in node and isinstance(node["schema"], dict):
            yield node["schema"]
        for value in node.values():
            yield from schemas_in(value)
    elif isinstance(node, list):
        for value in node:
            yield from schemas_in(value)


def references_in(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references_in(value)
    elif isinstance(node, list):
        for value in node:
            yield from references_in(value)


async def test_it_is_served_with_pages_for_people(api: ApiUnderTest) -> None:
    served = await api.client("anonymous").get("/openapi.json")

    assert served.json()["openapi"].startswith("3.1")
    assert (await api.client("anonymous").get("/docs")).status_code == 200


def test_every_route_of_the_contract_is_in_it(document: dict[str, Any]) -> None:
    found = {(method, path) for path, item in document["paths"].items() for method in item}

    assert found >= ROUTES


def test_every_schema_is_valid_and_every_reference_leads_somewhere(
    document: dict[str, Any],
) -> None:
    for schema in [*document["components"]["schemas"].values(), *schemas_in(document["paths"])]:
        Draft202012Validator.check_schema(schema)
    for reference in set(references_in(document)):
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
        assert place


def test_operations_have_names_of_their_own_and_say_what_they_do(
    document: dict[str, Any],
) -> None:
    operations = [operation for item in document["paths"].values() for operation in item.values()]

    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)
    assert all(operation.get("description") for operation in operations)


def test_errors_are_described_as_they_are_sent(document: dict[str, Any]) -> None:
    for path, item in document["paths"].items():
        for operation in item.values():
            assert "422" not in operation["responses"], path
            problem = operation["responses"]["default"]["content"]["application/problem+json"]
            assert problem["schema"] == {"$ref": "#/components/schemas/Problem"}


def test_signing_in_is_described(document: dict[str, Any]) -> None:
    (scheme,) = document["components"]["securitySchemes"].values()
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    open_to_all = {
        path
        for path, item in document["paths"].items()
        for operation in item.values()
        if not operation.get("security")
    }
    assert open_to_all == {"/health/live", "/health/ready", "/v1/webhooks/{system}"}


async def test_a_submission_is_described_well_enough_to_be_checked(
    document: dict[str, Any],
) -> None:
    body = document["paths"]["/v1/service-changes"]["post"]["requestBody"]["content"]
    assert set(body) == {"application/json", "multipart/form-data"}
    submission = document["components"]["schemas"]["Submission"]
    assert set(submission["required"]) == {"account_id", "kind", "requested_date", "details"}
