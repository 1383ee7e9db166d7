"""Tells operations by mail or webhook of a change, or of what is not one. No names."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import aiosmtplib
from standardwebhooks.webhooks import Webhook

from domain.announcements import Announcement
from domain.errors import NoticeError
from domain.records import OperationsNotice
from http_client import VENDOR_TIMEOUT, AsyncClient, HTTPError

_SMTP_SECONDS = 10.0
_SUBJECTS = {
    "approval_requested": "Approval needed",
    "approval_reminder": "Still waiting for approval",
    "needs_attention": "Needs attention",
    "stalled": "Does not move",
}


def link(console_url: str, change_id: str) -> str:
    """Where a person opens the change."""
    return f"{console_url}/change?id={change_id}"


class MailAnnouncer:
    """Plain mail over SMTP."""

    channel = "mail"

    def __init__(
        self, *, host: str, port: int, sender: str, recipient: str, console_url: str
    ) -> None:
        self._host = host
        self._port = port
        self._sender = sender
        self._recipient = recipient
        self._console_url = console_url

    async def announce(self, notice: OperationsNotice) -> None:
        """Send one mail; the notice id is its Message-ID, so a repeat can be recognised."""
        mail = self._mail(
            notice.id, f"{_SUBJECTS[notice.kind]}: {notice.summary} ({notice.account_id})"
        )
        mail["X-Correlation-ID"] = notice.correlation_id
        due = f"Due by {notice.due_at:%Y-%m-%d %H:%M} UTC.\n" if notice.due_at else ""
        mail.set_content(
            f"{notice.summary} for account {notice.account_id}.\n{due}\n"
            f"{link(self._console_url, notice.change_id)}\n\n"
            f"Change {notice.change_id}, correlation id {notice.correlation_id}\n"
        )
        await self._send(mail)

    async def tell(self, told: Announcement) -> None:
        """The same about something that is not one change."""
        mail = self._mail(told.id, told.sentence)
        body = [told.sentence, *told.lines, "", f"{self._console_url}/{told.path}"]
        mail.set_content("\n".join(body) + "\n")
        await self._send(mail)

    def _mail(self, notice_id: str, subject: str) -> EmailMessage:
        mail = EmailMessage()
        mail["From"] = self._sender
        mail["To"] = self._recipient
        mail["Subject"] = subject
        mail["Message-ID"] = f"<{notice_id.replace(':', '.')}@throughline>"
        return mail

    async def _send(self, mail: EmailMessage) -> None:
        try:
            await aiosmtplib.send(mail, hostname=self._host, port=self._port, timeout=_SMTP_SECONDS)
        except (aiosmtplib.SMTPException, OSError) as error:
            raise NoticeError(f"mail server: {type(error).__name__}") from error


class WebhookAnnouncer:
    """A signed POST in the Standard Webhooks format."""

    channel = "webhook"

    def __init__(self, url: str, secret: str, *, console_url: str) -> None:
        self._url = url
        self._webhook = Webhook(secret)
        self._console_url = console_url

    async def announce(self, notice: OperationsNotice) -> None:
        """Send one event; the notice id is the event id, so a repeat can be recognised."""
        data = {
            "change_id": notice.change_id,
            "account_id": notice.account_id,
            "summary": notice.summary,
            "due_at": notice.due_at.isoformat() if notice.due_at else None,
            "correlation_id": notice.correlation_id,
            "url": link(self._console_url, notice.change_id),
        }
        await self._send(notice.id, f"service_change.{notice.kind}", data)

    async def tell(self, told: Announcement) -> None:
        """The same about something that is not one change."""
        data = {**told.facts, "sentence": told.sentence, "url": f"{self._console_url}/{told.path}"}
        await self._send(told.id, told.kind, data)

    async def _send(self, notice_id: str, kind: str, data: Mapping[str, Any]) -> None:
        at = datetime.now(UTC)
        body = json.dumps({"type": kind, "timestamp": at.isoformat(), "data": data})
        headers = {
            "content-type": "application/json",
            "webhook-id": notice_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": self._webhook.sign(notice_id, at, body),
        }
        try:
            async with AsyncClient(timeout=VENDOR_TIMEOUT, follow_redirects=False) as client:
                answer = await client.post(self._url, content=body, headers=headers)
        except HTTPError as error:
            raise NoticeError(f"webhook: {type(error).__name__}") from error
        if not answer.is_success:
            raise NoticeError(f"webhook: HTTP {answer.status_code}")
