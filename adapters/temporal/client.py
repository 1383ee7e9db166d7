"""One way to connect, with the one converter that API, worker, tests and replay share."""

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter
from temporalio.service import GrpcCompression

from adapters.temporal.correlation import Correlation
from tracing import interceptors


def data_converter() -> DataConverter:
    """Pydantic models as JSON, both ways."""
    return pydantic_data_converter


async def connect(address: str, namespace: str, *, lazy: bool = False) -> Client:
    """A client. `lazy` puts off the first connection, so that a process may start before it."""
    return await Client.connect(
        address,
        namespace=namespace,
        data_converter=data_converter(),
        lazy=lazy,
        interceptors=[Correlation(), *interceptors()],
        grpc_compression=GrpcCompression.NONE,  # the engine is a neighbour, the payloads are ids
    )
