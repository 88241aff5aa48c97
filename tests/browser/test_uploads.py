"""Uploads that go on, break off, are refused or cancelled, in Chromium."""

from pathlib import Path

from playwright.sync_api import Page, Route, expect
from support.browser.console import open_console
from support.browser.new_job import choose, is_upload, location, start, table
from support.browser.window import Window
from support.programs import Programs


def test_an_upload_goes_on_while_another_page_is_shown(page: Page, tmp_path: Path) -> None:
    """A person looks at other pages meanwhile, and is led to the job when it was accepted."""
    held: list[Route] = []
    page.route(
        "**/jobs*",
        lambda route: held.append(route) if is_upload(route.request) else route.continue_(),
    )
    open_console(page, "/#/new")
    choose(page, table(tmp_path / "rows.csv"))
    start(page)
    uploads = page.get_by_role("region", name="Uploads")
    expect(uploads.get_by_text("rows.csv")).to_be_visible()
    page.get_by_role("link", name="Jobs").click()
    expect(uploads.get_by_role("progressbar")).to_be_visible()
    held.pop().continue_()
    uploads.get_by_role("link", name="Open the job").click()
    location(page)


def test_a_broken_upload_is_sent_again_as_the_same_job(
    window: Window, service: Programs, tmp_path: Path
) -> None:
    """After a broken connection the same request is sent by itself, with the same key."""
    window.faults.announce("failed request: POST .*/jobs")
    page = window.page
    keys: list[str] = []

    def break_the_first(route: Route) -> None:
        if not is_upload(route.request):
            return route.continue_()
        keys.append(route.request.headers["idempotency-key"])
        return route.abort("connectionreset") if len(keys) == 1 else route.continue_()

    page.route("**/jobs*", break_the_first)
    open_console(page, "/#/new")
    choose(page, table(tmp_path / "rows.csv"))
    start(page)
    expect(page.get_by_text("no second job is made")).to_be_visible()
    service.wait_for_end(location(page))
    assert len(keys) == 2
    assert keys[0] == keys[1]


def test_a_reload_makes_no_second_job(window: Window, tmp_path: Path) -> None:
    """After a reload the same file is sent with its old options and key, and so as one job."""
    page, path = window.page, table(tmp_path / "rows.csv")
    sent: list[tuple[str, str]] = []
    page.on("dialog", lambda dialog: dialog.accept())

    def lose_the_first_answer(route: Route) -> None:
        if not is_upload(route.request):
            return route.continue_()
        headers = route.request.headers
        sent.append((headers["idempotency-key"], route.request.url))
        if len(sent) > 1:
            return route.continue_()
        # The service gets the job, and the page never hears of it. Playwright has no files' bodies.
        kept = {name: headers[name] for name in ("idempotency-key", "content-type")}
        answer = page.request.post(route.request.url, headers=kept, data=path.read_bytes())
        assert answer.status == 202
        return None

    page.route("**/jobs*", lose_the_first_answer)
    open_console(page, "/#/new")
    choose(page, path)
    page.get_by_text("Options", exact=True).click()
    page.get_by_label("Labels").fill("team:growth")
    with page.expect_request(is_upload):
        start(page)
    page.reload()
    expect(page.get_by_text("The upload of rows.csv")).to_be_visible()
    assert "Très" not in page.evaluate("JSON.stringify(sessionStorage)")
    choose(page, path)
    with page.expect_response(lambda answer: is_upload(answer.request)) as answer:
        start(page)
    assert answer.value.header_value("Idempotency-Replayed") == "true"
    assert sent[0] == sent[1]
    location(page)
    assert page.evaluate("sessionStorage.length") == 0


def test_a_refused_upload_leaves_the_form_as_it_was(window: Window, tmp_path: Path) -> None:
    """A fault after the beginning, which no preview has seen, is said next to the kept form."""
    window.faults.announce("422: POST .*/jobs")
    path = tmp_path / "bad-end.csv"
    path.write_bytes(b"ref,text\n" + b"1,I am well\n" * 120_000 + b"2,caf\xe9 \xff\n")
    page = window.page
    open_console(page, "/#/new")
    choose(page, path)
    page.get_by_label("Kept in the results").select_option("all")
    start(page)
    expect(page.get_by_role("alert")).to_contain_text("byte 1,440,014")
    expect(page.get_by_label("Kept in the results")).to_have_value("all")
    expect(page.get_by_role("button", name="Start the job")).to_be_enabled()


def test_an_upload_can_be_cancelled(page: Page, service: Programs, tmp_path: Path) -> None:
    """A cancelled upload makes no job, and can be started again."""
    page.route("**/jobs*", lambda route: None if is_upload(route.request) else route.continue_())
    open_console(page, "/#/new")
    choose(page, table(tmp_path / "rows.csv"))
    start(page)
    page.get_by_role("button", name="Cancel upload").click()
    expect(page.get_by_text("The upload of rows.csv was cancelled.").first).to_be_visible()
    page.unroute_all()
    start(page)
    service.wait_for_end(location(page))
