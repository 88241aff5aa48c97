"""`/docs`, the page that shows the API to people."""

import re

from support.in_memory import Service


def test_the_page_needs_no_other_host(service: Service) -> None:
    """The page loads files of the service alone, and its policy forbids any others."""
    with service.client.get("/docs") as page:
        assert page.status_code == 200
        text = page.text
    assert "//" not in text
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "http" not in policy
    for file in re.findall(r'(?:src|href)="(docs/[^"]+)"', text):
        with service.client.get(f"/{file}") as answer:
            assert answer.status_code == 200, file


def test_no_other_file_is_served(service: Service) -> None:
    """Files next to those of the page, or in folders above, get a 404."""
    for name in ("index.css", "..%2fapp.py", "docs.html", "swagger-ui.js"):
        assert service.client.get(f"/docs/{name}").status_code == 404
