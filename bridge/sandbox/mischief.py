"""Spoiled answers on the wire: each Fault as bytes, or as their absence."""

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
    """Answer `request` as `behaviour` says. `right` is the answer that it should have had."""
    match behaviour.fault:
        case Fault.NONE:
            return right
        case Fault.STATUS:
            headers = {} if behaviour.retry_after is None else {"Retry-After": behaviour.retry_after}
            error = f"the sandbox was told to answer {behaviour.status}"
            return web.json_response({"error": error}, status=behaviour.status, headers=headers)
        case Fault.REDIRECT:
            return web.Response(status=307, headers={"Location": "/elsewhere" + request.path_qs})
        case Fault.HTML:
            return web.Response(text=_PAGE, content_type="text/html")
        case Fault.OTHER_JSON:
            return web.Response(text=behaviour.body, content_type="application/json")
        case Fault.DROP:
            _cut(request)
            return right
        case _:
            return await _stream(request, right, behaviour, clock)


async def _stream(
    request: web.Request, right: web.Response, behaviour: Behaviour, clock: Clock
) -> web.StreamResponse:
    """The faults that lie in how a body comes. They end when they are done, or when the client leaves."""
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
                _hang_up(request)
                return response
            case Fault.ENDLESS:
                while True:
                    await response.write(b" " * _BLOCK)
            case _:
                await _write_bomb(response)
        await response.write_eof()
    except ConnectionError:
        pass  # the client has seen enough
    return response


async def _write_bomb(response: web.StreamResponse) -> None:
    """BOMB_BYTES of white space as one gzip stream of some 200 kB."""
    packer = zlib.compressobj(level=9, wbits=31)
    for _ in range(BOMB_BYTES // _BLOCK):
        await response.write(packer.compress(b" " * _BLOCK))
    await response.write(packer.flush())


def _cut(request: web.Request) -> None:
    """Reset the connection; what is still in the buffer is lost."""
    if request.transport is not None:
        request.transport.abort()


def _hang_up(request: web.Request) -> None:
    """Close the connection behind what was written."""
    if request.transport is not None:
        request.transport.close()
