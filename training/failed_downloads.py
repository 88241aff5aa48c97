"""Recognises what is often in the place of a file that was to be downloaded, by its first bytes."""

_AGAIN = "Download the file again"
_WEB_PAGE = f"it is a web page (HTML), so the download has failed. {_AGAIN}"

#: First bytes, in lower case -> what such a file is, and what to do.
FAILED_DOWNLOADS = {
    b"version https://git-lfs": "it is a git-lfs pointer, which stands for the file. "
    "Fetch the file itself: git lfs pull",
    b"<!doctype": _WEB_PAGE,
    b"<html": _WEB_PAGE,
    b"<?xml": f"it is XML, such as the error of a download. {_AGAIN}",
}
