"""The configuration file: the settings read, and messages that name setting, value, rule and remedy."""

import re
import string
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.config import Config, ConfigError, load
from bridge.config.reading import read_table
from bridge.config.rules import is_loopback
from bridge.core.director.contract import Action
from bridge.core.settings import (
    DirectorSettings,
    LinkSettings,
    MissingStop,
    OfficerSettings,
    RiskLimits,
    Settings,
    SilentDirector,
    WebSettings,
)
from bridge.core.units.order_ids import default_prefix

URL = "https://director.example.com"
DIRECTOR = f'[director]\nurl = "{URL}"\napi_key_env = "DIRECTOR_API_KEY"\n'
OFFICER = '[[officers]]\nid = "eo-001"\n'


def read(folder: Path, text: str | bytes) -> Config:
    file = folder / "bridge.toml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return load(file)


def refusal(folder: Path, text: str | bytes) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        read(folder, text)
    return caught.value


def assert_says(error: ConfigError, *parts: str) -> None:
    """Check that the error is one problem that names the file, contains these parts, and has a remedy."""
    message = str(error)
    assert len(error.problems) == 1, message
    assert message.startswith(f"{error.path}: "), message
    for part in (*parts, "Remedy: "):
        assert part in message


def with_url(url: str) -> str:
    return f"[director]\nurl = '{url}'\napi_key_env = 'DIRECTOR_API_KEY'\n" + OFFICER


def with_link(line: str) -> str:
    return DIRECTOR + f"[link]\n{line}\n" + OFFICER


def with_officer(line: str) -> str:
    return DIRECTOR + OFFICER + line + "\n"


def with_ids(*officers: str) -> str:
    return DIRECTOR + "".join(f"[[officers]]\nid = '{officer}'\n" for officer in officers)


# What is read


def test_minimal_file_takes_every_default(tmp_path: Path) -> None:
    config = read(tmp_path, DIRECTOR + OFFICER)
    director = DirectorSettings(url=URL, api_key_env="DIRECTOR_API_KEY")
    assert config.settings == Settings(director=director, officers=[OfficerSettings(id="eo-001")])
    assert config.journal == tmp_path / "journal.db"
    assert config.source == tmp_path / "bridge.toml"
    assert config.api_key_file is None


def test_every_kind_of_value_is_read(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        f"[director]\nurl = '{URL}/api/'\napi_key_file = 'keys/api.key'\npoll_interval_s = 2\n"
        "timeout_s = 2.5\nextra_fields = false\n[journal]\npath = '../data/j.db'\n"
        "[link]\nendpoint = 'tcp://127.0.0.1:*'\n[[officers]]\nid = 'eo-001'\norder_id_prefix = 7\n"
        "allow_real = true\nmax_quantity = 0.10\ndeviation_points = 5\nsymbols = { EURUSD = 'EURUSD.r' }\n"
        "symbol_deviation_points = { XAUUSD = 100 }\n",
    )
    officer = config.settings.officers[0]
    assert config.settings.director.poll_interval_s == 2.0
    assert isinstance(config.settings.director.poll_interval_s, float)
    assert config.settings.director.timeout_s == 2.5
    assert not config.settings.director.extra_fields
    assert config.api_key_file == tmp_path / "keys" / "api.key"
    assert config.journal == tmp_path.parent / "data" / "j.db"
    assert (officer.prefix, officer.allow_real, officer.deviation_points) == (7, True, 5)
    assert officer.inquiry("EURUSD") == ("EURUSD.r", True)
    assert [officer.deviation("EURUSD", "EURUSD.r"), officer.deviation("GOLD", "XAUUSD")] == [5, 100]


@pytest.mark.parametrize(("written", "means"), [("0.10", "0.10"), ("'0.10'", "0.10"), ("3", "3")])
def test_decimal_setting_keeps_its_digits(tmp_path: Path, written: str, means: str) -> None:
    quantity = read(tmp_path, with_officer(f"max_quantity = {written}")).settings.officers[0].max_quantity
    assert isinstance(quantity, Decimal)
    assert str(quantity) == means


def test_tilde_in_a_path_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path / "home"))
    config = read(tmp_path, DIRECTOR + "[journal]\npath = '~/journal.db'\n" + OFFICER)
    assert config.journal == tmp_path / "home" / "journal.db"


def test_relative_configuration_path_gives_absolute_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(tmp_path, DIRECTOR + OFFICER)
    monkeypatch.chdir(tmp_path)
    assert load(Path("bridge.toml")).journal == tmp_path / "journal.db"


def test_byte_order_mark_in_configuration_is_accepted(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbf" + (DIRECTOR + OFFICER).encode()).settings.officers


def test_takeover_margin_with_which_an_order_may_be_sent_twice_is_refused_but_in_a_test(
    tmp_path: Path,
) -> None:
    link = "[link]\ntakeover_margin_s = {}\n"
    with pytest.raises(
        ConfigError, match=r"link\.takeover_margin_s = 5\.9: must be at least 6: .* write 10\.0"
    ):
        read(tmp_path, DIRECTOR + link.format(5.9) + OFFICER)
    assert read(tmp_path, DIRECTOR + link.format(6) + OFFICER).settings.link.takeover_margin_s == 6
    unsafe = link.format(0.5) + "allow_unsafe_takeover = true\n"
    assert read(tmp_path, DIRECTOR + unsafe + OFFICER).settings.link.takeover_margin_s == 0.5


# The file itself


def test_missing_configuration_file_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: does not exist\. Remedy: .*execution-officer init'"):
        load(tmp_path / "none.toml")


def test_ending_that_explorer_hides_is_named(tmp_path: Path) -> None:
    (tmp_path / "bridge.toml.txt").write_text(DIRECTOR + OFFICER)
    with pytest.raises(
        ConfigError, match=r"does not exist\. Remedy: rename bridge\.toml\.txt, which is beside"
    ):
        load(tmp_path / "bridge.toml")


def test_folder_in_place_of_the_configuration_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot be read .*Remedy: check that it is a file"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"\xff\xfea\x00", "is UTF-16, and must be UTF-8"),
        (b"\xfe\xff\x00a", "Notepad's 'Unicode'"),
        ("# настройки".encode("cp1251"), "is not UTF-8 (byte 2)"),
        ("[director\n", "is not TOML (Expected"),
        ("[journal]\npath = \"C:\\Users\\me\"\n", "Windows paths belong in single quotes"),
        (f"a = {'[' * 5000}", "is not TOML"),
        (f"a = {'9' * 5000}", "is not TOML"),
        ("a = 1e9999999999999999999999", "is not TOML (InvalidOperation)"),
    ],
)  # fmt: skip
def test_content_that_is_not_toml_is_refused(tmp_path: Path, text: str | bytes, says: str) -> None:
    assert_says(refusal(tmp_path, text), says)


@given(text=st.text(max_size=60))
def test_any_invalid_text_raises_only_config_error(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    folder = tmp_path_factory.mktemp("any")
    with pytest.raises(ConfigError):
        read(folder, text.encode("utf-8", "replace"))


# Keys


def test_empty_file_names_every_missing_table(tmp_path: Path) -> None:
    message = str(refusal(tmp_path, ""))
    assert "2 problems" in message
    assert re.search(r"director: is missing.*Remedy: .*\[director\]", message)
    assert re.search(r"officers: is missing.*Remedy: .*\[\[officers\]\]", message)


def test_missing_setting_names_its_table(tmp_path: Path) -> None:
    error = refusal(tmp_path, DIRECTOR + OFFICER + "[[officers]]\nallow_real = false\n")
    assert_says(error, "officers[1].id: is missing", "add a line id = ... to officers[1]")


@pytest.mark.parametrize(
    ("text", "key", "near"),
    [
        (DIRECTOR + "pol_interval_s = 1\n" + OFFICER, "director.pol_interval_s", "poll_interval_s"),
        (with_officer("deviation_point = 1"), "officers[0].deviation_point", "deviation_points"),
        (with_officer("") + "[lnk]\n", "lnk", "link"),
    ],
)
def test_unknown_setting_names_the_nearest_known_one(tmp_path: Path, text: str, key: str, near: str) -> None:
    assert_says(refusal(tmp_path, text), f"{key}: is not a setting", f"did you mean {near}?")


@given(
    name=st.text(string.ascii_lowercase + "_", min_size=1, max_size=20).filter(
        lambda name: name not in LinkSettings.__struct_fields__ and "apikey" not in name.replace("_", "")
    )
)
def test_any_unknown_setting_is_refused_with_the_known_ones(name: str) -> None:
    settings, problems = read_table(LinkSettings, {name: "S3CR3T"}, "link")
    assert settings is None
    assert [problem.key for problem in problems] == [f"link.{name}"]
    assert "S3CR3T" not in str(problems[0])
    assert all(known in problems[0].remedy for known in LinkSettings.__struct_fields__)


@given(dropped=st.data())
def test_setting_with_one_missing_letter_is_suggested_correctly(dropped: st.DataObject) -> None:
    known = dropped.draw(st.sampled_from(LinkSettings.__struct_fields__))
    at = dropped.draw(st.integers(0, len(known) - 1))
    _, problems = read_table(LinkSettings, {known[:at] + known[at + 1 :]: 1.0})
    assert f"did you mean {known}?" in problems[0].remedy


@pytest.mark.parametrize("name", ["api_key", "apikey", "API-Key", "x_api_key"])
def test_api_key_in_the_configuration_is_refused_and_not_shown(tmp_path: Path, name: str) -> None:
    error = refusal(tmp_path, DIRECTOR + f'{name} = "s3cr3t"\n' + OFFICER)
    assert_says(
        error,
        f"director.{name}: the API key must never be in",
        "api_key_env",
        "replace a key that was shared",
    )
    assert "s3cr3t" not in str(error)


def test_line_break_in_a_setting_name_stays_on_one_line(tmp_path: Path) -> None:
    message = str(refusal(tmp_path, DIRECTOR + '"a\\nb" = 1\n' + OFFICER))
    assert "\n" not in message


# Values


@pytest.mark.parametrize(
    ("line", "value", "rule"),
    [
        ("deviation_points = -1", "-1", "must be a whole number, at least 0, at most 100000"),
        ("deviation_points = 1.5", "1.5", "must be a whole number"),
        ("deviation_points = true", "true", "must be a whole number"),
        ("deviation_points = 2026-01-04", "2026-01-04", "must be a whole number"),
        ("order_id_prefix = 0", "0", "must be a whole number, at least 1, at most 4095"),
        ("order_id_prefix = 4096", "4096", "must be a whole number, at least 1, at most 4095"),
        ("allow_real = 'yes'", '"yes"', "must be true or false"),
        ("allow_real = 1", "1", "must be true or false"),
        ("time_to_live_s = 0", "0", "must be a number, above 0, at most 86400"),
        ("time_to_live_s = nan", "NaN", "must be a number"),
        ("time_to_live_s = inf", "Infinity", "must be a number"),
        ("time_to_live_s = 1e400", "1E+400", "must be a number"),
        ("time_to_live_s = '5'", '"5"', "must be a number"),
        ("max_quantity = 0", "0", "must be above 0"),
        ("max_quantity = -0.01", "-0.01", "must be above 0"),
        ("max_quantity = nan", "NaN", "must be a number"),
        ("max_quantity = 'lots'", '"lots"', "must be a number"),
        ("max_quantity = true", "true", "must be a number"),
        ("max_quantity = 1e999999", "1E+999999", "must be a number"),
        ("symbols = 'EURUSD'", '"EURUSD"', "must be a table of texts"),
        ("symbols = { EURUSD = 1 }", "{...}", "must be a table of texts"),
        ("symbol_deviation_points = { XAUUSD = 1.5 }", "{...}", "must be a table of whole numbers"),
        ("symbol_deviation_points = { XAUUSD = -1 }", "{...}", "must be a table of whole numbers"),
        ("symbol_deviation_points = 7", "7", "must be a table of whole numbers"),
    ],
)
def test_wrong_value_is_refused_with_its_rule(tmp_path: Path, line: str, value: str, rule: str) -> None:
    key = f"officers[0].{line.partition(' ')[0]}"
    assert_says(refusal(tmp_path, with_officer(line)), f"{key} = {value}: {rule}")


def test_remedy_names_the_default(tmp_path: Path) -> None:
    assert_says(refusal(tmp_path, with_officer("deviation_points = -1")), "remove the line (default 20)")


@pytest.mark.parametrize("line", ['EURUSD = ""', 'EURUSD = " x"', '"" = "EURUSD"', '"EUR\\n" = "EURUSD"'])
def test_symbol_that_is_not_a_name_is_refused(tmp_path: Path, line: str) -> None:
    error = refusal(tmp_path, with_officer(f"symbols = {{ {line} }}"))
    assert_says(error, "officers[0].symbols = {", "a symbol must be text without surrounding spaces")


def test_long_value_is_cut_and_stays_on_one_line(tmp_path: Path) -> None:
    message = str(refusal(tmp_path, with_officer(f'allow_real = "\\n{"x" * 500}"')))
    assert "\n" not in message
    assert len(message) < 400


def test_every_problem_is_reported_at_once(tmp_path: Path) -> None:
    error = refusal(
        tmp_path, DIRECTOR + "timeout_s = 0\n[link]\nheartbeat_s = 99\n[[officers]]\nid = 1\n[x]\n"
    )
    assert {problem.key for problem in error.problems} == {
        "director.timeout_s",
        "link.heartbeat_s",
        "officers[0].id",
        "x",
    }
    assert len(str(error).splitlines()) == 5


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (DIRECTOR + "[officers]\nid = 'eo-001'\n", "each below a line [[officers]]"),
        ("officers = 3\n" + DIRECTOR, "officers = 3: must be a list of tables"),
        ("officers = [1]\n" + DIRECTOR, "must be a list of tables"),
        (
            "officers = []\n" + DIRECTOR,
            "officers = 0 tables: must be a list of tables, at least this long: 1",
        ),
        (with_ids(*(f"o{n}" for n in range(257))), "officers = 257 tables"),
        ("director = 'x'\n" + OFFICER, 'director = "x": must be a table'),
        ("link = 5\n" + DIRECTOR + OFFICER, "link = 5: must be a table"),
    ],
)
def test_table_of_the_wrong_shape_is_refused(tmp_path: Path, text: str, says: str) -> None:
    assert_says(refusal(tmp_path, text), says)


# The Director


@pytest.mark.parametrize(
    "url",
    [
        "https://director.example.com",
        "https://director.example.com:8443/api",
        "HTTPS://director.example.com/",
        "http://127.0.0.1:8000",
        "http://127.9.9.9",
        "http://[::1]:8000/api",
        "http://localhost",
        "http://LOCALHOST:1",
    ],
)
def test_allowed_url_is_accepted(tmp_path: Path, url: str) -> None:
    assert read(tmp_path, with_url(url)).settings.director.url == url


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("http://director.example.com", "plain http would show the API key"),
        ("http://10.0.0.1", "plain http"),
        ("http://0.0.0.0", "plain http"),
        ("http://[::]", "plain http"),
        ("http://127.0.0.1.example.com", "plain http"),
        ("http://localhost.example.com", "plain http"),
        ("http://2130706433", "plain http"),
        ("ftp://director.example.com", "must start with https:// or http://"),
        ("director.example.com", "must start with"),
        ("", "must start with"),
        ("https://", "has no host"),
        ("https:///api", "has no host"),
        ("https://:443", "has no host"),
        ("https://x.example.com:0", "the port must be 1 to 65535"),
        ("https://x.example.com/a b", "must not contain white space"),
        (" https://x.example.com", "must not contain white space"),
        ("http://127.0.0.1\\.example.com", "must not contain white space, control characters or backslashes"),
    ],
)
def test_forbidden_url_is_refused_with_its_rule(tmp_path: Path, url: str, rule: str) -> None:
    error = refusal(tmp_path, with_url(url))
    assert_says(error, "director.url = ", rule)


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("https://me:s3cr3t@x.example.com", "must not contain a user or password"),
        ("https://s3cr3t@x.example.com", "must not contain a user"),
        ("http://127.0.0.1\\@s3cr3t.example.com", "must not contain a user"),
        ("https://x.example.com/?key=s3cr3t", "must not contain a query (?) or a fragment (#)"),
        ("https://x.example.com?", "must not contain a query"),
        ("https://x.example.com/#s3cr3t", "must not contain a query"),
        ("https://x.example.com:99999", "is not a URL"),
        ("https://x.example.com:s3cr3t", "is not a URL"),
        ("https://[::1", "is not a URL"),
    ],
)
def test_url_that_may_contain_a_secret_is_refused_and_not_shown(tmp_path: Path, url: str, rule: str) -> None:
    error = refusal(tmp_path, with_url(url))
    assert_says(error, "director.url: ", rule)
    assert url not in str(error)
    assert "s3cr3t" not in str(error)


def test_journal_on_a_network_drive_is_refused(tmp_path: Path) -> None:
    error = refusal(tmp_path, DIRECTOR + "[journal]\npath = '\\\\server\\share\\journal.db'\n" + OFFICER)
    assert_says(error, "journal.path = ", "is on a network drive", "put it on a disk of this machine")


@pytest.mark.parametrize(
    ("lines", "rule"),
    [
        ("", "api_key_env or api_key_file is required"),
        ("api_key_env = 'A'\napi_key_file = 'b'", "both are set"),
    ],
)
def test_api_key_with_no_source_or_two_is_refused(tmp_path: Path, lines: str, rule: str) -> None:
    error = refusal(tmp_path, f"[director]\nurl = '{URL}'\n{lines}\n" + OFFICER)
    assert_says(error, "director.api_key_env, director.api_key_file: ", rule, "name an environment variable")


@pytest.mark.parametrize("name", ["", "sk-live-123", "1A", "A B", "$KEY"])
def test_invalid_variable_name_is_refused_and_not_shown(tmp_path: Path, name: str) -> None:
    error = refusal(tmp_path, f"[director]\nurl = '{URL}'\napi_key_env = '{name}'\n" + OFFICER)
    assert_says(error, "director.api_key_env: must be the name of an environment variable")
    assert not name or name not in str(error)


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("''", "must name a file"),
        ("' '", "must name a file"),
        ('"C:\\temp\\new"', "must not contain control characters"),
        ("'~nobody-of-this-name/x'", "home folder"),
    ],
)
def test_invalid_path_is_refused_with_its_rule(tmp_path: Path, path: str, rule: str) -> None:
    assert_says(
        refusal(tmp_path, DIRECTOR + f"[journal]\npath = {path}\n" + OFFICER), "journal.path = ", rule
    )
    key_file = f"[director]\nurl = '{URL}'\napi_key_file = {path}\n" + OFFICER
    assert_says(refusal(tmp_path, key_file), "director.api_key_file = ", rule)


# The link


@pytest.mark.parametrize(
    "endpoint",
    [
        "tcp://127.0.0.1:5760",
        "tcp://127.1.2.3:1",
        "tcp://localhost:65535",
        "tcp://[::1]:5760",
        "tcp://127.0.0.1:*",
    ],
)
def test_allowed_link_endpoint_is_accepted(tmp_path: Path, endpoint: str) -> None:
    assert read(tmp_path, with_link(f"endpoint = '{endpoint}'")).settings.link.endpoint == endpoint


@pytest.mark.parametrize(
    ("endpoint", "rule"),
    [
        ("tcp://*:5760", "open to every network"),
        ("tcp://0.0.0.0:5760", "must be on this machine"),
        ("tcp://192.168.1.5:5760", "must be on this machine"),
        ("tcp://[::]:5760", "must be on this machine"),
        ("tcp://[127.0.0.1]:5760", "must be on this machine"),
        ("tcp://example.com:5760", "must be on this machine"),
        ("tcp://eth0:5760", "must be on this machine"),
        ("tcp://:5760", "must be on this machine"),
        ("ipc:///tmp/link", "must be like tcp://HOST:PORT"),
        ("127.0.0.1:5760", "must be like tcp://HOST:PORT"),
        ("tcp://127.0.0.1", "must be like tcp://HOST:PORT"),
        ("tcp://::1:5760", "must be like tcp://HOST:PORT"),
        ("tcp://127.0.0.1:5760/x", "must be like tcp://HOST:PORT"),
        ("tcp://127.0.0.1:0", "the port must be 1 to 65535"),
        ("tcp://127.0.0.1:65536", "the port must be 1 to 65535"),
        ("tcp://127.0.0.1:", "the port must be 1 to 65535"),
        ("tcp://127.0.0.1:x", "must be 1 to 65535"),
        ("tcp://127.0.0.1:\N{ARABIC-INDIC DIGIT ONE}", "must be 1 to 65535"),
    ],
)
def test_forbidden_link_endpoint_is_refused_with_its_rule(tmp_path: Path, endpoint: str, rule: str) -> None:
    error = refusal(tmp_path, with_link(f"endpoint = '{endpoint}'"))
    assert_says(error, "link.endpoint = ", rule, "write tcp://127.0.0.1:5760")


def test_control_port_equal_to_the_link_port_is_refused(tmp_path: Path) -> None:
    text = with_link("endpoint = 'tcp://127.0.0.1:5760'") + "[control]\nport = "
    assert read(tmp_path, text + "5761\n").settings.control.port == 5761
    error = refusal(tmp_path, text + "5760\n")
    assert_says(error, "control.port = 5760", "is also the port of link.endpoint", "0 for any free one")


def test_web_server_is_off_without_its_table_and_on_loopback_with_an_empty_one(tmp_path: Path) -> None:
    assert read(tmp_path, with_link("")).settings.web is None
    assert read(tmp_path, with_link("") + "[web]\n").settings.web == WebSettings()
    assert is_loopback(WebSettings().address)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("port = 0", ("web.port = 0", "at least 1")),
        ("port = 5760", ("web.port = 5760", "is also the port of link.endpoint")),
        ("port = 5799\n[control]\nport = 5799", ("web.port = 5799", "is also the port of control.port")),
        ("address = 'bridge.lan'", ("web.address", "must be an IP address", "write 127.0.0.1")),
        ("address = '0.0.0.0'", ("web.address", "without a password", "web.allow_network")),
        ("address = '::'", ("web.address", "without encryption", "SSH")),
        ("host_names = ['bridge.lan:80']", ("web.host_names", "must be a host name alone", "without port")),
        ("key_file = ' '", ("web.key_file", "must name a file")),
        (
            "key_file = 'web.key'\naddress = '0.0.0.0'\nallow_network = true",
            ("web.key_file", "unencrypted", "127.0.0.1"),
        ),
        ("host_names = ['*']", ("web.host_names", "must be a host name alone")),
    ],
)
def test_web_server_that_is_unsafe_or_in_the_way_is_refused(
    tmp_path: Path, lines: str, says: tuple[str, ...]
) -> None:
    text = with_link("endpoint = 'tcp://127.0.0.1:5760'") + f"[web]\n{lines}\n"
    assert_says(refusal(tmp_path, text), *says)


@pytest.mark.parametrize(("director", "refused"), [("127.0.0.1:5780", True), ("127.0.0.1:5781", False)])
def test_web_server_on_the_port_of_a_director_on_this_machine_is_refused(
    tmp_path: Path, director: str, refused: bool
) -> None:
    """Both have the same port where neither is set: a sandbox Director, and this."""
    text = re.sub(r"url = .*", f"url = 'http://{director}'", with_link("")) + "[web]\n"
    if refused:
        assert_says(refusal(tmp_path, text), "web.port = 5780", "is also the port of director.url")
    else:
        assert read(tmp_path, text).settings.web is not None


def test_web_server_on_the_network_is_allowed_where_the_configuration_says_so(tmp_path: Path) -> None:
    text = (
        with_link("") + "[web]\naddress = '0.0.0.0'\nallow_network = true\nhost_names = ['bridge.lan', 'a']\n"
    )
    web = read(tmp_path, text).settings.web
    assert web is not None
    assert (web.address, web.host_names) == ("0.0.0.0", ["bridge.lan", "a"])  # noqa: S104 - the address that is tested


@pytest.mark.parametrize(
    ("host", "answer"),
    [("127.0.0.1", True), ("::1", True), ("Localhost", True), ("127.1", False), ("", False)],
)
def test_loopback_host_is_recognized_without_name_resolution(host: str, answer: bool) -> None:
    assert is_loopback(host) is answer


# Officers


@pytest.mark.parametrize("officer", ["eo-001", "A", "a.b_c-9", "x" * 64, "CONSOLE", "com10"])
def test_allowed_officer_id_is_accepted(tmp_path: Path, officer: str) -> None:
    assert read(tmp_path, with_ids(officer)).settings.officers[0].id == officer


@pytest.mark.parametrize(
    ("officer", "rule"),
    [
        (".hidden", "must not start with a dot"),
        ("a/b", "must be 1 to 64 letters"),
        ("a\\b", "must be 1 to 64 letters"),
        ("a b", "must be 1 to 64 letters"),
        ("é", "must be 1 to 64 letters"),
        ("x" * 65, "must be 1 to 64 letters"),
        ("..", "must be 1 to 64 letters"),
        ("con", "is a reserved device name of Windows"),
        ("NUL.eo", "is a reserved device name of Windows"),
        ("com1", "is a reserved device name of Windows"),
        ("LPT9.x.y", "is a reserved device name of Windows"),
        ("", "must be text in quotes, at least this long: 1"),
    ],
)
def test_invalid_officer_id_is_refused_with_its_rule(tmp_path: Path, officer: str, rule: str) -> None:
    assert_says(refusal(tmp_path, with_ids(officer)), "officers[0].id = ", rule)


@pytest.mark.parametrize("again", ["eo-001", "EO-001"])
def test_repeated_officer_id_in_any_case_is_refused(tmp_path: Path, again: str) -> None:
    error = refusal(tmp_path, with_ids("eo-001", "eo-002", again))
    assert_says(error, f'officers[2].id = "{again}"', "is also the id of officers[0]", "a unique id")


def test_colliding_default_prefixes_are_refused_with_a_usable_remedy(tmp_path: Path) -> None:
    """The two ids are searched for, since they depend on the hash."""
    seen: dict[int, str] = {}
    for number in range(5000):
        other = seen.setdefault(default_prefix(f"eo-{number}"), f"eo-{number}")
        if other != f"eo-{number}":
            break
    error = refusal(tmp_path, with_ids(other, f"eo-{number}"))
    assert_says(error, "officers[1].order_id_prefix = ", f"is also the prefix of officers[0] ({other})")
    advice = re.search(r"write a unique number, as in (order_id_prefix = \d+)", str(error))
    assert advice is not None
    cured = with_ids(other, f"eo-{number}") + advice[1] + "\n"
    assert len(read(tmp_path, cured).settings.officers) == 2


def test_equal_configured_prefixes_are_refused(tmp_path: Path) -> None:
    text = with_officer("order_id_prefix = 9") + "[[officers]]\nid = 'b'\norder_id_prefix = 9\n"
    assert_says(refusal(tmp_path, text), "officers[1].order_id_prefix = 9", "as in order_id_prefix = ")


# Risk limits


def with_risk_limits(tmp_path: Path, *lines: str) -> RiskLimits:
    text = DIRECTOR + OFFICER + "\n[officers.risk_limits]\n" + "\n".join(lines) + "\n"
    return read(tmp_path, text).settings.officers[0].risk_limits


def test_risk_limits_are_read_from_their_own_table(tmp_path: Path) -> None:
    risk_limits = with_risk_limits(
        tmp_path,
        "allowed_actions = ['OPEN_LONG']",
        "allowed_symbols = ['EURUSD', 'XAUUSD']",
        "max_symbol_quantity = 0.50",
        "closed_hours = ['21:55-22:10']",
        "missing_stop = 'close'",
        "silent_director = 'cancel'",
    )
    assert risk_limits == RiskLimits(
        allowed_actions=[Action.OPEN_LONG],
        allowed_symbols=["EURUSD", "XAUUSD"],
        max_symbol_quantity=Decimal("0.50"),
        closed_hours=["21:55-22:10"],
        missing_stop=MissingStop.CLOSE,
        silent_director=SilentDirector.CANCEL,
    )
    assert str(risk_limits.max_symbol_quantity) == "0.50"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("max_symbol_quantity = 0", "must be above 0"),
        ("max_daily_loss = -1", "must be above 0"),
        ("max_drawdown_percent = 101", "must be at most 100"),
        ("allowed_actions = ['CLOSE']", "is not an opening action"),
        ("allowed_actions = ['OPEN_LONG', 'BUY']", "must be a list, each one of OPEN_LONG"),
        ("allowed_symbols = 'EURUSD'", "must be a list of texts"),
        ("closed_hours = ['21:55']", "must be two times in UTC"),
        ("closed_hours = ['25:00-26:00']", "must be two times in UTC"),
        ("missing_stop = 'ignore'", "must be one of report, close"),
        ("max_positions = 0", "must be a whole number, at least 1"),
        ("max_spred_points = 3", "did you mean max_spread_points?"),
    ],
)
def test_invalid_risk_limit_is_refused(tmp_path: Path, line: str, words: str) -> None:
    error = refusal(tmp_path, DIRECTOR + OFFICER + f"\n[officers.risk_limits]\n{line}\n")
    assert_says(error, "officers[0].risk_limits", words)


# Completeness


def test_default_of_every_setting_passes_its_own_rule() -> None:
    """A default written into a file must not be refused."""
    for kind in (DirectorSettings, LinkSettings, OfficerSettings, RiskLimits):
        for field in msgspec.structs.fields(kind):
            if field.required or field.default is None:
                continue
            default = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
            if isinstance(default, msgspec.Struct):
                # A table of its own, whose defaults are checked as well.
                continue
            _, problems = read_table(kind, {field.name: default})
            assert field.name not in {problem.key for problem in problems}
