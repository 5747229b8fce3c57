"""Faulty answers on the wire, one for each Fault."""

import zlib
from typing import Final

from aiohttp import web

from bridge.core.units.clock import Clock
from bridge.sandbox.behaviour import Behaviour, Fault

BOMB_BYTES: Final = 200_000_000
_BLOCK: Final = 1 << 20
_PAGE: Final = "<!doctype html><title>Log in</title><p>Please log in."


async def spoil(
    request: web.Request, right: web.Response, behaviour: Behaviour, clock: Clock
) -> web.StreamResponse:
    """Answer `request` with the fault of `behaviour`. `right` is the correct answer."""
    match behaviour.fault:
        case Fault.NONE:
            return right
        case Fault.STATUS:
            headers = {} if behaviour.retry_after is None else {"Retry-After": behaviour.retry_after}
            error = f"the sandbox is set to answer {behaviour.status}"
            return web.json_response({"error": error}, status=behaviour.status, headers=headers)
        case Fault.REDIRECT:
            return web.Response(status=307, headers={"Location": "/elsewhere" + request.path_qs})
        case Fault.HTML:
            return web.Response(text=_PAGE, content_type="text/html")
        case Fault.OTHER_JSON:
            return web.Response(text=behaviour.body, content_type="application/json")
        case Fault.DROP:
            _reset(request)
            return right
        case _:
            return await _stream(request, right, behaviour, clock)


async def _stream(
    request: web.Request, right: web.Response, behaviour: Behaviour, clock: Clock
) -> web.StreamResponse:
    """Send a body with a fault in its transfer. Ends when it is sent, or when the client disconnects."""
    body = right.body if isinstance(right.body, bytes) else b""
    response = web.StreamResponse(status=right.status, headers={"Content-Type": "application/json"})
    if behaviour.fault is Fault.GZIP_BOMB:
        response.headers["Content-Encoding"] = "gzip"
    elif behaviour.fault is not Fault.ENDLESS:
        response.content_length = len(body)
    try:
        await response.prepare(request)
        match behaviour.fault:
            case Fault.DRIP:
                for place in range(len(body)):
                    await response.write(body[place : place + 1])
                    await clock.sleep(behaviour.drip_s)
            case Fault.TRUNCATED:
                await response.write(body[: len(body) // 2])
                _close(request)
                return response
            case Fault.ENDLESS:
                while True:
                    await response.write(b" " * _BLOCK)
            case _:
                await _write_bomb(response)
        await response.write_eof()
    except ConnectionError:
        pass  # the client disconnected
    return response


async def _write_bomb(response: web.StreamResponse) -> None:
    """Send BOMB_BYTES of white space as one gzip stream of about 200 kB."""
    packer = zlib.compressobj(level=9, wbits=31)
    for _ in range(BOMB_BYTES // _BLOCK):
        await response.write(packer.compress(b" " * _BLOCK))
    await response.write(packer.flush())


def _reset(request: web.Request) -> None:
    """Reset the connection; buffered bytes are lost."""
    if request.transport is not None:
        request.transport.abort()


def _close(request: web.Request) -> None:
    """Close the connection after the written bytes."""
    if request.transport is not None:
        request.transport.close()
