"""Admission by headers: a browser that another site's page uses is refused, whatever name leads here."""

import pytest

from bridge.web.hosts import problem


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:5780",
        "127.0.0.1",
        "localhost:8080",
        "LOCALHOST",
        "[::1]:5780",
        "10.1.2.3:5780",
        "bridge.lan",
        "Bridge.LAN:80",
    ],
)
def test_address_localhost_and_configured_name_are_admitted(host: str) -> None:
    assert problem({"Host": host}, ["bridge.lan"]) == ""


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "[::1",
        "sub.bridge.lan",
        "2130706433",
    ],
)
def test_other_name_is_refused(host: str) -> None:
    assert problem({"Host": host} if host else {}, ["bridge.lan"]) != ""


def test_refusal_names_host_and_remedy() -> None:
    assert problem({"Host": "evil.example:1"}, []) == (
        'header Host "evil.example" is no name of this server; use its IP address, or add the name to '
        "[web] host_names"
    )


@pytest.mark.parametrize(
    ("headers", "admitted"),
    [
        ({"Origin": "http://127.0.0.1:5780"}, True),
        ({"Origin": "http://127.0.0.1:9999"}, False),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://["}, False),
        ({"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}, True),
        ({"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}, True),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, True),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, False),
        ({"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"}, False),
    ],
)
def test_request_of_another_site_is_refused_and_a_link_to_a_page_is_followed(
    headers: dict[str, str], admitted: bool
) -> None:
    assert (problem({"Host": "127.0.0.1:5780", **headers}, []) == "") is admitted
