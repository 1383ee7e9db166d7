"""Mail and webhook to operations, against a real SMTP server and a real HTTP server."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
import pytest_asyncio
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from fastapi import FastAPI, Request, Response
from standardwebhooks.webhooks import Webhook

from adapters.announcers import MailAnnouncer, WebhookAnnouncer
from domain.errors import NoticeError
from domain.filters import ListPage
from domain.messages import NoticeKind
from domain.morning_report import announcement, headline
from domain.records import OperationsNotice
from domain.views import AlertTurn, ViewNotice
from stack.ports import LOOPBACK, free_ports
from tests.support.api import BILLING_SECRET
from tests.ui.samples_reports import QUIET
from tests.vendor_server import serving

CONSOLE = "https://console.example"


def notice(kind: NoticeKind = NoticeKind.APPROVAL_REQUESTED) -> OperationsNotice:
    return OperationsNotice(
        id="chg_1:approval_requested:1",
        change_id="chg_1",
        account_id="7590-VHVEG",
        kind=kind,
        summary="Add streaming TV",
        due_at=datetime(2026, 12, 1, 9, 30, tzinfo=UTC),
        correlation_id="corr-1",
    )


class Postbox:
    """Takes mail, or answers what it is told to."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.answer = "250 OK"

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        content = envelope.content
        assert isinstance(content, bytes)
        if self.answer.startswith("250"):
            mail = message_from_bytes(content, policy=policy.default)
            assert isinstance(mail, EmailMessage)
            self.mails.append(mail)
        return self.answer


@pytest.fixture
def postbox() -> Postbox:
    return Postbox()


@pytest.fixture
def mail(postbox: Postbox) -> Iterator[MailAnnouncer]:
    controller = Controller(postbox, hostname=LOOPBACK, port=free_ports(1)[0])
    controller.start()
    yield mail_to(controller.port)
    controller.stop()


def mail_to(port: int) -> MailAnnouncer:
    return MailAnnouncer(
        host=LOOPBACK,
        port=port,
        sender="throughline@example.com",
        recipient="operations@example.com",
        console_url=CONSOLE,
    )


async def test_a_mail_says_what_waits_until_when_and_where(
    mail: MailAnnouncer, postbox: Postbox
) -> None:
    await mail.announce(notice())

    (received,) = postbox.mails
    assert received["To"] == "operations@example.com"
    assert received["Subject"] == "Approval needed: Add streaming TV (7590-VHVEG)"
    assert received["X-Correlation-ID"] == "corr-1"
    text = received.get_content()
    assert f"{CONSOLE}/change?id=chg_1" in text
    assert "2026-12-01 09:30 UTC" in text


async def test_a_repeated_mail_can_be_recognised(mail: MailAnnouncer, postbox: Postbox) -> None:
    await mail.announce(notice())
    await mail.announce(notice())

    first, again = postbox.mails
    assert first["Message-ID"] == again["Message-ID"]


@pytest.mark.parametrize("kind", NoticeKind)
async def test_every_kind_of_notice_has_a_subject(
    mail: MailAnnouncer, postbox: Postbox, kind: NoticeKind
) -> None:
    await mail.announce(notice(kind))

    assert postbox.mails[0]["Subject"]


@pytest.mark.parametrize("answer", ["451 Try later", "554 Refused"])
async def test_a_mail_server_that_refuses_is_named_without_its_words(
    mail: MailAnnouncer, postbox: Postbox, answer: str
) -> None:
    postbox.answer = answer

    with pytest.raises(NoticeError, match="mail server: SMTP"):
        await mail.announce(notice())


async def test_a_mail_server_that_is_away_is_named() -> None:
    with pytest.raises(NoticeError, match="mail server"):
        await mail_to(free_ports(1)[0]).announce(notice())


class Receiver:
    """An operations tool with a webhook."""

    def __init__(self) -> None:
        self.app = FastAPI()
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.answer = Response(status_code=204)
        self.app.post("/hook")(self.receive)

    async def receive(self, request: Request) -> Response:
        self.requests.append((dict(request.headers), await request.body()))
        return self.answer


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest_asyncio.fixture
async def webhook(receiver: Receiver) -> AsyncIterator[WebhookAnnouncer]:
    with serving(receiver.app) as url:
        yield WebhookAnnouncer(f"{url}/hook", BILLING_SECRET, console_url=CONSOLE)


async def test_a_webhook_is_signed_so_that_the_receiver_can_trust_it(
    webhook: WebhookAnnouncer, receiver: Receiver
) -> None:
    await webhook.announce(notice())

    ((headers, body),) = receiver.requests
    event = Webhook(BILLING_SECRET).verify(body, headers)
    assert event["type"] == "service_change.approval_requested"
    assert event["data"] == {
        "change_id": "chg_1",
        "account_id": "7590-VHVEG",
        "summary": "Add streaming TV",
        "due_at": "2026-12-01T09:30:00+00:00",
        "correlation_id": "corr-1",
        "url": f"{CONSOLE}/change?id=chg_1",
    }
    assert headers["webhook-id"] == "chg_1:approval_requested:1"
    assert json.loads(body) == event


async def test_a_repeated_webhook_can_be_recognised(
    webhook: WebhookAnnouncer, receiver: Receiver
) -> None:
    await webhook.announce(notice())
    await webhook.announce(notice())

    assert len({headers["webhook-id"] for headers, _ in receiver.requests}) == 1


@pytest.mark.parametrize("status", [301, 302, 400, 410, 500, 503])
async def test_a_receiver_that_does_not_take_it_is_named_by_status(
    webhook: WebhookAnnouncer, receiver: Receiver, status: int
) -> None:
    receiver.answer = Response(status_code=status, headers={"Location": "http://127.0.0.1:9/"})

    with pytest.raises(NoticeError, match=f"webhook: HTTP {status}"):
        await webhook.announce(notice())
    assert len(receiver.requests) == 1  # a redirect is not followed


async def test_a_receiver_that_is_away_is_named() -> None:
    away = WebhookAnnouncer(
        f"http://{LOOPBACK}:{free_ports(1)[0]}/hook", BILLING_SECRET, console_url=CONSOLE
    )

    with pytest.raises(NoticeError, match="webhook: ConnectError"):
        await away.announce(notice())


CROWDED = ViewNotice(
    alert_id="view_1:1",
    turn=AlertTurn.OPENED,
    view_id="view_1",
    name="Waiting for us",
    page=ListPage.CHANGES,
    held=11,
    above=10,
)


async def test_a_view_that_holds_too_much_is_told_by_mail_and_webhook_alike(
    mail: MailAnnouncer, postbox: Postbox, webhook: WebhookAnnouncer, receiver: Receiver
) -> None:
    over = replace(CROWDED, turn=AlertTurn.RESOLVED)
    for each in (CROWDED, over):
        await mail.tell(each.announcement)
        await webhook.tell(each.announcement)

    first, second = postbox.mails
    assert first["Subject"] == "“Waiting for us” holds more than 10."
    assert f"{CONSOLE}/find?view=view_1" in first.get_content()
    assert "back to 10 or fewer" in second["Subject"]
    (headers, body), (_, later) = receiver.requests
    event = Webhook(BILLING_SECRET).verify(body, headers)
    assert event["type"] == "view_alert.opened"
    assert event["data"]["url"] == f"{CONSOLE}/find?view=view_1"
    assert headers["webhook-id"] == "view_1:1:opened"
    assert json.loads(later)["type"] == "view_alert.resolved"


async def test_the_morning_report_is_told_as_everything_else_is(
    mail: MailAnnouncer, postbox: Postbox, webhook: WebhookAnnouncer, receiver: Receiver
) -> None:
    told = announcement(QUIET, "f00d")
    await mail.tell(told)
    await webhook.tell(told)

    (received,) = postbox.mails
    assert received["Subject"] == headline(QUIET)
    text = received.get_content()
    assert all(line in text for line in ("Complete: every input is there.", "SHA-256 f00d"))
    assert f"{CONSOLE}/report?day={QUIET.day}" in text
    ((headers, body),) = receiver.requests
    event = Webhook(BILLING_SECRET).verify(body, headers)
    assert (event["type"], headers["webhook-id"]) == ("report.morning", told.id)
    assert (event["data"]["complete"], event["data"]["sha256"]) == (True, "f00d")
