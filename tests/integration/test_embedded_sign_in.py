"""The embedded sign-in lets the configured client lead people back to the console, nobody else."""

import base64
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr

from settings import Settings
from support_ui.returning import CALLBACK

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the provider's own
SECRET = "the console's own"
SETTINGS = Settings(oidc_client_secret=SecretStr(SECRET), console_url="http://console.example")
ASKED = {
    "response_type": "code",
    "scope": "openid",
    "client_id": SETTINGS.oidc_client_id,
    "redirect_uri": SETTINGS.console_callback_url,
    "nonce": "n",
}


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Iterator[FlaskClient]:
    from stack.sign_in import sign_in  # noqa: PLC0415 - importing it warns, too

    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    with sign_in(SETTINGS).test_client() as client:
        yield client


def code(browser: FlaskClient, **changed: str) -> str:
    """What somebody who chooses the operator comes back with."""
    answer = browser.post(
        "/oauth2/authorize", query_string=ASKED | changed, data={"sub": "operator"}
    )
    assert answer.status_code == 302, answer.text
    assert answer.location.startswith(SETTINGS.console_callback_url)
    return parse_qs(urlsplit(answer.location).query)["code"][0]


def traded(browser: FlaskClient, found: str, client: str, secret: str) -> int:
    """The status of the answer to whoever wants a token for the code."""
    basic = base64.b64encode(f"{client}:{secret}".encode()).decode()
    form = {
        "grant_type": "authorization_code",
        "code": found,
        "redirect_uri": SETTINGS.console_callback_url,
    }
    headers = {"Authorization": f"Basic {basic}"}
    return browser.post("/oauth2/token", data=form, headers=headers).status_code


def test_the_console_signs_a_person_in(browser: FlaskClient) -> None:
    assert SETTINGS.console_callback_url.endswith(CALLBACK)
    assert "operator" in browser.get("/oauth2/authorize", query_string=ASKED).text
    assert traded(browser, code(browser), SETTINGS.oidc_client_id, SECRET) == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "another"},
        {"redirect_uri": "http://elsewhere.example/oauth2callback"},
        {"redirect_uri": f"{SETTINGS.console_callback_url}/further"},
    ],
    ids=["another client", "another host", "another path"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nobody_else_is_led_through_it(
    browser: FlaskClient, method: str, changed: dict[str, str]
) -> None:
    answer = browser.open(
        "/oauth2/authorize",
        method=method,
        query_string=ASKED | changed,
        data={"sub": "operator"} if method == "POST" else None,
    )
    assert answer.status_code in {400, 401}
    assert "Location" not in answer.headers


@pytest.mark.parametrize(
    ("client", "secret"), [(SETTINGS.oidc_client_id, "guessed"), ("another", SECRET)]
)
def test_a_code_without_the_clients_own_secret_is_worth_nothing(
    browser: FlaskClient, client: str, secret: str
) -> None:
    assert traded(browser, code(browser), client, secret) == 401


def test_nobody_registers_a_client_of_their_own(browser: FlaskClient) -> None:
    mine = {"redirect_uris": ["http://elsewhere.example"], "token_endpoint_auth_method": "none"}
    assert browser.post("/oauth2/clients", json=mine).status_code == 403
