"""The launcher's servers for tests: real, ready when given, gone afterwards."""

import asyncio
from collections.abc import Iterator

import psutil
import psycopg
import pytest
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client

from stack import postgres
from stack.ephemeral import ephemeral_postgres, ephemeral_temporal, temporary_folder
from stack.errors import StackError
from stack.namespace import SEARCH_ATTRIBUTES, ensure_namespace, ensure_namespace_blocking
from stack.ports import LOOPBACK, free_ports


@pytest.fixture(scope="module")
def database_url() -> Iterator[str]:
    with temporary_folder() as folder, ephemeral_postgres(folder) as url:
        yield url


@pytest.fixture(scope="module")
def engine() -> Iterator[str]:
    with temporary_folder() as folder, ephemeral_temporal(folder) as target:
        yield target


def test_the_database_answers_a_query_when_it_is_given(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT current_user, current_setting('TimeZone')").fetchone()

    assert row == ("throughline", "UTC")


def test_the_database_refuses_a_wrong_password(database_url: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(database_url.replace("throughline:", "throughline:not-", 1))


def test_nobody_signs_in_as_the_superuser(database_url: str) -> None:
    url = database_url.replace("//throughline:", "//postgres:", 1)

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url)


def test_a_cluster_prepared_again_takes_over_a_new_password_and_keeps_its_data() -> None:
    with temporary_folder() as folder:
        port = free_ports(1)[0]
        first = postgres.Cluster(folder / "postgres", port, "first", durable=False)
        second = postgres.Cluster(folder / "postgres", port, "second", durable=False)
        with postgres.start(first) as url, psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept (id int)")

        with postgres.start(second) as url, psycopg.connect(url) as connection:
            tables = connection.execute("SELECT count(*) FROM kept").fetchone()

    assert tables == (0,)


def test_no_server_process_is_left_after_the_block() -> None:
    with temporary_folder() as folder:
        with ephemeral_postgres(folder):
            pass
        left = [
            process.pid
            for process in psutil.process_iter(["cmdline"])
            if any(str(folder) in word for word in process.info["cmdline"] or ())
        ]

    assert left == []


async def test_the_engine_knows_the_namespace_and_keeps_histories_for_thirty_days(
    engine: str,
) -> None:
    client = await Client.connect(engine, namespace="throughline")

    answer = await client.workflow_service.describe_namespace(
        DescribeNamespaceRequest(namespace="throughline")
    )

    assert answer.config.workflow_execution_retention_ttl.ToTimedelta().days == 30


async def test_the_engine_knows_our_search_attributes_however_often_they_are_ensured(
    engine: str,
) -> None:
    await ensure_namespace(engine, "throughline")

    client = await Client.connect(engine, namespace="throughline")
    listed = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace="throughline")
    )
    assert set(SEARCH_ATTRIBUTES) <= set(listed.custom_attributes)


async def test_a_second_namespace_gets_ready_on_a_running_engine(engine: str) -> None:
    await asyncio.to_thread(ensure_namespace_blocking, engine, "another")

    client = await Client.connect(engine, namespace="another")
    found = [execution.id async for execution in client.list_workflows("ThroughlineKind = 'x'")]
    assert found == []


def test_an_engine_that_is_not_there_is_named_with_the_setting_to_check() -> None:
    target = f"{LOOPBACK}:{free_ports(1)[0]}"

    with pytest.raises(StackError, match=f"{target}.*THROUGHLINE_TEMPORAL_ADDRESS"):
        ensure_namespace_blocking(target, "throughline", alive=lambda: False)
