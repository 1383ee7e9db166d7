"""Credentials tried on demand, before a job, and until one works. Each is one activity."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.credentials import CredentialActivities
    from domain.credential_messages import (
        CredentialCheck,
        CredentialName,
        PreflightInput,
        PreflightResult,
        ProbeInput,
        TrialInput,
    )
    from workflows.policies import CREDENTIAL_TRY, ONCE_MORE, PROBE


@workflow.defn(name=CredentialName.TRIAL)
class CredentialTrialWorkflow:
    """Tries one version for somebody who waits."""

    @workflow.run
    async def run(self, trial: TrialInput) -> CredentialCheck:
        """What the system said."""
        return await workflow.execute_activity_method(
            CredentialActivities.try_credential,
            trial,
            start_to_close_timeout=CREDENTIAL_TRY,
            retry_policy=ONCE_MORE,
        )


@workflow.defn(name=CredentialName.PREFLIGHT)
class CredentialPreflightWorkflow:
    """Asks every system of a job whether it would let us in."""

    @workflow.run
    async def run(self, job: PreflightInput) -> PreflightResult:
        """What each system said."""
        return await workflow.execute_activity_method(
            CredentialActivities.check_credentials,
            job,
            start_to_close_timeout=CREDENTIAL_TRY,
            retry_policy=ONCE_MORE,
        )


@workflow.defn(name=CredentialName.PROBE)
class CredentialProbeWorkflow:
    """Asks a system that accepts no secret until it does; what waits then goes on by itself."""

    @workflow.run
    async def run(self, what: ProbeInput) -> CredentialCheck:
        """The answer that ended it."""
        return await workflow.execute_activity_method(
            CredentialActivities.probe_credential,
            what,
            start_to_close_timeout=CREDENTIAL_TRY,
            retry_policy=PROBE,
        )
