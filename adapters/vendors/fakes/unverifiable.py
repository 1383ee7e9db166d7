"""A billing system with neither idempotency keys nor look-ups, as some really are. In memory."""

import itertools
from collections.abc import Iterable
from dataclasses import replace

from adapters.vendors.fakes.billing import FakeBilling
from domain.steps import Step
from domain.vendor_values import BillingPosting, BillingStanding, EffectEvidence, VendorCall
from domain.verdicts import Repeatability


class UnverifiableBilling(FakeBilling):
    """Satisfies `activities.ports.Billing`. What is asked twice is done twice; nobody can ask."""

    def __init__(self, standings: Iterable[BillingStanding]) -> None:
        super().__init__(standings)
        self.repeatability = dict.fromkeys(self.repeatability, Repeatability.NEITHER)
        self._numbers = itertools.count(1)

    async def post_change(self, call: VendorCall, posting: BillingPosting) -> EffectEvidence:
        """See the port; no key is looked at."""
        forgetful = replace(call, idempotency_key=f"post {next(self._numbers)}")
        return await super().post_change(forgetful, posting)

    async def find_posting(self, call: VendorCall) -> EffectEvidence | None:
        """Not for anybody to ask. Raises TypeError."""
        raise self._unaskable(call, Step.POST_BILLING_CHANGE)

    async def find_reversal(
        self, call: VendorCall, posting_reference: str
    ) -> EffectEvidence | None:
        """Not for anybody to ask. Raises TypeError."""
        del posting_reference
        raise self._unaskable(call, Step.REVERSE_BILLING_CHANGE)

    @staticmethod
    def _unaskable(call: VendorCall, step: Step) -> TypeError:
        return TypeError(f"{step} cannot be looked up, and {call.idempotency_key} was")
