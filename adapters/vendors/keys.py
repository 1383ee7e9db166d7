"""The key under which an effect is done and found again at a vendor. Builds none."""

from domain.vendor_values import VendorCall


def required_key(call: VendorCall) -> str:
    """The call's idempotency key. Raises ValueError without one: no effect may go unnamed."""
    if call.idempotency_key is None:
        raise ValueError("an effect needs an idempotency key; set it on the VendorCall")
    return call.idempotency_key
