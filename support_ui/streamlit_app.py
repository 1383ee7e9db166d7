"""The router: addresses, sign-in, navigation, and the last resort for a failed page.

Started by `python -m support_ui`, which brings the sign-in.
"""

from pathlib import Path

import streamlit as st

from domain.alerts import READS_ALERTS
from settings import Settings
from support_ui import asking, session, sign_in, ui
from support_ui.calls.transport import ApiError

ASSETS = Path(__file__).parent / "assets"

st.set_page_config(page_title="Throughline", page_icon=str(ASSETS / "icon.svg"), layout="wide")
st.logo(str(ASSETS / "logo.svg"), size="medium")

# What a table's own toolbar would write is neither guarded nor put on record, as an export is.
st.html("<style>[data-testid=stElementToolbar] [aria-label^='Download']{display:none}</style>")

settings = Settings()
session.connect(
    session.Places(
        api_url=settings.api_base_url,
        engine_web=f"{settings.temporal_web_base_url}/namespaces/{settings.temporal_namespace}",
    )
)

asking.answered()
caller, refused = None, None
try:
    caller = session.me()
except ApiError as error:
    refused = error
standing_still = session.standing_still() if caller else 0
alerts = session.alerts_firing() if caller and caller.role in READS_ALERTS else 0
page = st.navigation(
    [
        st.Page(
            "app_pages/today.py",
            title="Today",
            icon=":material/today:",
            default=True,
            help="What waits for you, what is late, what broke, and what was done.",
        ),
        st.Page(
            "app_pages/report.py",
            title="Report",
            icon=":material/summarize:",
            url_path="report",
            help="How things stood in the morning: exceptions first, then the counts.",
        ),
        st.Page(
            "app_pages/approvals.py",
            title="Approvals",
            icon=":material/how_to_reg:",
            url_path="approvals",
            help="What waits for a decision or for a second person, and the decision.",
        ),
        st.Page(
            "app_pages/dead_letters.py",
            title="Dead letters" + (f" ({standing_still:,})" if standing_still else ""),
            icon=":material/error:",
            url_path="dead-letters",
            help="What stands still, by cause.",
        ),
        st.Page(
            "app_pages/disagreements.py",
            title="Disagreements",
            icon=":material/compare_arrows:",
            url_path="disagreements",
            help="Where systems have different values, whose counts, and the repair.",
        ),
        st.Page(
            "app_pages/drift.py",
            title="Drift",
            icon=":material/difference:",
            url_path="drift",
            help="What vendors send other than before: map it once, and what is parked goes on.",
        ),
        st.Page(
            "app_pages/find.py",
            title="Find",
            icon=":material/search:",
            url_path="find",
            help="Find changes by any identifier or words; keep, share and export what is found.",
        ),
        st.Page(
            "app_pages/messages.py",
            title="Messages",
            icon=":material/forum:",
            url_path="messages",
            help="What vendors told us, and what we said to them, across changes.",
        ),
        st.Page(
            "app_pages/alerts.py",
            title="Alerts" + (f" ({alerts:,})" if alerts else ""),
            icon=":material/notifications:",
            url_path="alerts",
            help="What fires, whose work it is, what to do, and from when on rules fire.",
        ),
        st.Page(
            "app_pages/health.py",
            title="Health",
            icon=":material/monitor_heart:",
            url_path="health",
            help="How the vendors answer, how our own machinery is, and what is paused.",
        ),
        st.Page(
            "app_pages/audit.py",
            title="Audit",
            icon=":material/policy:",
            url_path="audit",
            help="Who did what, when and why, including what was refused and what was read.",
        ),
        st.Page(
            "app_pages/credentials.py",
            title="Credentials",
            icon=":material/vpn_key:",
            url_path="credentials",
            help="What each system is shown to let us in: what is due, and a new secret's way.",
        ),
        st.Page(
            "app_pages/ownership.py",
            title="Ownership",
            icon=":material/account_tree:",
            url_path="ownership",
            help="Which system owns each field, who may change what, and who may do what.",
        ),
        st.Page(
            "app_pages/change.py",
            title="Change",
            icon=":material/description:",
            url_path="change",
            visibility="hidden",
            help="One change: the support questions answered, then everything about it.",
        ),
    ],
    position="hidden" if caller is None else "top",
)

if caller is None:
    sign_in.show(refused, embedded=not settings.oidc_issuer)
    st.stop()

ui.top_row(caller, page.title)
ui.flash()
with ui.guarded():
    page.run()
asking.drawn()
