"""Everything that builds the book: the Markdown extension, the two editions, their common root."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

LOCAL = "http://127.0.0.1:8000/"


def address(edition: str = "") -> str:
    """
    Return where the book will stand, by the environment variable `SITE_URL`.

    Parameters
    ----------
    edition : str
        "en" or "zh"; nothing for the root above both.

    Returns
    -------
    str
        The address with a slash at its end; this machine's when `SITE_URL` is not set.

    Raises
    ------
    ConfigurationError
        If `SITE_URL` is not an http address.
    """
    root = os.environ.get("SITE_URL", "").strip() or LOCAL
    parts = urlsplit(root)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        from mkdocs.exceptions import ConfigurationError  # of these mkdocs prints the sentence alone

        raise ConfigurationError(f"SITE_URL: expected an address such as https://example.org/rnn/, got {root!r}")
    return root.rstrip("/") + "/" + (f"{edition}/" if edition else "")
