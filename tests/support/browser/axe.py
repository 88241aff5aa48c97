"""Checks a page by the rules of axe-core."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

#: Without these tags axe leaves out rules that are off by default, such as that on target sizes.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def check_axe(page: Page) -> None:
    """Fail if the page, as it is now, breaks a rule of WCAG 2.2 AA or a best practice.

    What axe cannot decide, such as contrast before a picture, is printed for a person to look at.
    """
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}}).response
    assert found["passes"], "axe found nothing to check: is the page empty?"
    if found["incomplete"]:
        print(f"axe could not decide, at {page.url}:\n{_listed(found['incomplete'])}")
    assert not found["violations"], f"axe, at {page.url}:\n{_listed(found['violations'])}"


def _listed(results: list[dict[str, Any]]) -> str:
    """Each rule, and below it each element with what is wrong with it."""
    lines = []
    for rule in results:
        lines.append(f"  {rule['id']} ({rule['impact']}): {rule['help']}")
        for node in rule["nodes"]:
            summary = " ".join(node.get("failureSummary", "").split())
            lines.append(f"    {_target(node['target'])}: {summary}")
    return "\n".join(lines)


def _target(parts: list[Any]) -> str:
    """A selector; one in a shadow tree or a frame has several parts."""
    return " > ".join(part if isinstance(part, str) else " ".join(part) for part in parts)
