"""Rewords messages of the service in the names of the command line.

The service's messages use the names of its HTTP API: the option `text_column`, the path `/jobs/ID`.
A user of the command line knows `--text-column` and `scorelane status ID`.
"""

import re

import click

#: A text in quotes is the user's, such as the name of a column. It is not changed.
_QUOTED = re.compile(r"('[^']*')")

#: Where a message names an option of the API: `the option charset`, `The callback_url cannot`,
#: `on_error=0.05`, `say so by delimiter=)`. Elsewhere such a word may be the name of a column,
#: because messages do not quote every column.
_OPTION = re.compile(
    r"(?P<before>\b(?:option|(?:[Tt]he|[Ll]eave|[Rr]emove)(?! option)) )(?P<named>\w+)\b"
    r"|\b(?P<assigned>\w+)=(?P<rest>true\b|(?=[\s)]|$))?"
)

#: Requests of the HTTP API, and the commands that send them.
_REQUESTS = (
    (re.compile(r"\bPOST /jobs/([0-9a-f]+)/retry\b"), r"`scorelane retry \1`"),
    (re.compile(r"\bGET /jobs/([0-9a-f]+)\b(?!/)"), r"`scorelane status \1`"),
    (re.compile(r"\bpoll /jobs/([0-9a-f]+)\b(?!/)"), r"run `scorelane status \1`"),
    (re.compile(r"\bGET /jobs\b(?![/?])"), "`scorelane jobs`"),
)


#: Where a message names the media types of an upload, and the option that names the same.
_MEDIA_TYPES = (
    (re.compile(r"\bapplication/x-ndjson\b"), "`--input-format ndjson`"),
    (re.compile(r"\bapplication/json\b"), "`--input-format json`"),
    (re.compile(r"\btext/tab-separated-values\b"), "`--input-format tsv`"),
    (re.compile(r"\bapplication/vnd\.apache\.parquet\b"), "`--input-format parquet`"),
)


def in_option_names(message: str, command: click.Command) -> str:
    """Replace the API's names in a message by the names of the command line.

    Args:
        message: from the service, or from a function that the command calls.
        command: the running command; an option that it does not have is left as it is.
    """
    options = _options_of(command)
    pieces = _QUOTED.split(message)
    # The odd pieces are those in quotes.
    pieces[::2] = [_reword(piece, options) for piece in pieces[::2]]
    return "".join(pieces)


def _reword(text: str, options: dict[str, click.Option]) -> str:
    def replacement(match: re.Match[str]) -> str:
        name = match["named"] or match["assigned"]
        # `the model` is plain English, while `the text_column` names an option.
        is_option = match["assigned"] or "_" in name or match["before"] == "option "
        if not is_option or name not in options:
            return match[0]
        option = max(options[name].opts, key=len)
        if match["named"]:
            return f"{match['before']}{option}"
        if match["rest"] == "true" and not options[name].is_flag:
            return f"{option}=true"
        return f"{option}=" if match["rest"] is None else option

    for pattern, words in (*_REQUESTS, *(_MEDIA_TYPES if "media_type" in options else ())):
        text = pattern.sub(words, text)
    return _OPTION.sub(replacement, text)


def _options_of(command: click.Command) -> dict[str, click.Option]:
    """The options of a command by the names that the API may have for them."""
    found = {}
    for option in command.params:
        if isinstance(option, click.Option) and option.name:
            found[option.name] = option
            # `--label` fills the parameter `labels`; the API's name is `label`.
            for name in option.opts:
                found[name.lstrip("-").replace("-", "_")] = option
    return found
