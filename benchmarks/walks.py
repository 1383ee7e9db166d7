"""What each task of the console takes: clicks, fields, seconds of a hand that never pauses."""

from benchmarks.report import Report
from tests.support.browser import chromium
from tests.support.live import LiveStack
from tests.support.walks import WALKS


async def measure(stack: LiveStack) -> Report:
    """Every walk once, from the landing page to its end."""
    rows = []
    async with chromium() as browser:
        for name, walk in WALKS.items():
            walked = await walk(browser, stack)
            rows.append(
                {
                    "walk": name,
                    "clicks": walked.clicks,
                    "fields": walked.fields,
                    "seconds": walked.seconds,
                }
            )
    return Report(
        name="walks",
        title="From the landing page to the end of a task",
        rows=rows,
        ratios={},
        notes=["Seconds hold what the systems take; reading and thinking come on top."],
    )
