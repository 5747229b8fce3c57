"""Answer that is a page: its headers allow what the page has of its own, and nothing else."""

from typing import Final

from aiohttp import web

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    # With "no-referrer" a browser would send the forms with an Origin of "null".
    "Referrer-Policy": "same-origin",
}


def html(text: str, *, status: int = 200) -> web.Response:
    """Return a page as an answer."""
    return web.Response(status=status, text=text, content_type="text/html", headers=HEADERS)
