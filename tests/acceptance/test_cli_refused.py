"""`retry` and `dismiss` where no sidecar runs."""

import json

import pytest

from bridge import cli
from bridge.exits import ExitCode
from bridge.status.command_lines import CommandLines
from tests.acceptance.command_line import CommandLine
from tests.integration.journal.bench import NOW, OFFICER, OTHER, directive


@pytest.fixture
def refused(without_journal: CommandLine) -> CommandLine:
    """A journal with three refused events: the first of dir-1, the first of dir-2, and one without a directive."""
    with without_journal.bench() as bench:
        bench.take(directive("dir-1"), directive("dir-2"), "1")
        for event in bench.due():
            bench.journal.set_refused(event, "HTTP 422: no", NOW)
    return without_journal


def undelivered(command_line: CommandLine) -> list[tuple[str | None, str]]:
    """Return (directive, state) of each event that the Director has not accepted, or that was dismissed."""
    code = cli.invoke(["journal", "--path", str(command_line.journal), "undelivered", "--json"])
    assert code == ExitCode.OK
    return [(each["directive_id"], each["state"]) for each in json.loads(command_line.read_output())]


def refusals(command_line: CommandLine) -> list[str]:
    """Return the texts of the required actions that `status` lists for refused events."""
    return [
        each["what"]
        for each in command_line.status()[1]["required_actions"]
        if each["code"] == "REFUSED_EVENTS"
    ]


def test_status_prints_the_commands_for_refused_events(refused: CommandLine) -> None:
    assert refusals(refused) == ["the Director refused 3 events for good: HTTP 422: no"]
    assert refused.run("status") == ExitCode.ATTENTION
    lines = CommandLines(config=str(refused.folder / "bridge.toml"))
    for line in (
        lines.named("journal undelivered"),
        f"{lines.named('retry')} --officer {OFFICER}",
        f'{lines.named("dismiss")} --officer {OFFICER} --note "WHY" --all',
    ):
        assert line in refused.stdout


def test_retry_of_one_directive_queues_its_events_alone(refused: CommandLine) -> None:
    assert refused.run("retry", "dir-2") == ExitCode.OK
    assert refused.stdout == (
        f"{OFFICER}: dir-2: DIRECTIVE_RECEIVED: queued again.\n"
        "No sidecar runs: they are posted after the next 'execution-officer run'.\n"
    )
    assert undelivered(refused) == [("dir-1", "refused"), ("dir-2", "queued"), (None, "refused")]
    assert refusals(refused) == ["the Director refused 2 events for good: HTTP 422: no"]


def test_retry_of_all_skips_dismissed_events(refused: CommandLine) -> None:
    assert refused.run("dismiss", "--officer", OFFICER, "--note", "known", "dir-1") == ExitCode.OK
    assert refused.stdout == f"{OFFICER}: dir-1: DIRECTIVE_RECEIVED: dismissed.\n"
    assert refused.run("retry") == ExitCode.OK
    assert f"{OFFICER}: without a directive: ORDER_REJECTED: queued again." in refused.stdout
    assert undelivered(refused) == [("dir-1", "refused"), ("dir-2", "queued"), (None, "queued")]
    assert refusals(refused) == []
    assert refused.run("retry") == ExitCode.OK
    assert refused.stdout == "There is no refused event to retry.\n"
    # Named explicitly, a dismissed event is queued again.
    assert refused.run("retry", "dir-1") == ExitCode.OK
    assert undelivered(refused) == [("dir-1", "queued"), ("dir-2", "queued"), (None, "queued")]


def test_dismiss_all_ends_every_refused_event(refused: CommandLine) -> None:
    assert refused.run("dismiss", "--all", "--note", "known") == ExitCode.OK
    assert refused.stdout.count("dismissed.") == 3
    assert (refused.status()[0], refusals(refused)) == (ExitCode.NOT_RUNNING, [])
    assert refused.run("dismiss", "--all", "--note", "known") == ExitCode.OK
    assert refused.stdout == "There is no refused event to dismiss.\n"


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (
            ("retry", "none"),
            ExitCode.FAILED,
            'directive "none" has no event that the Director refused for good',
        ),
        (("retry", "dir-1", "none", "other"), ExitCode.FAILED, 'directive "none", "other" has no event'),
        (("retry", "--officer", OTHER, "dir-1"), ExitCode.FAILED, 'directive "dir-1" has no event'),
        (("retry", "--officer", "nobody"), ExitCode.FAILED, 'unknown officer "nobody"'),
        (("dismiss", "--note", "x"), ExitCode.USAGE, "name directives, or give --all"),
        (("dismiss", "--note", "x", "--all", "dir-1"), ExitCode.USAGE, "name directives, or give --all"),
        (("dismiss", "dir-1"), ExitCode.USAGE, "--note"),
        (("dismiss", "dir-1", "--note", ""), ExitCode.USAGE, "note"),
        (
            ("dismiss", "none", "--note", "x"),
            ExitCode.FAILED,
            'directive "none" has no undismissed event',
        ),
    ],
)
def test_invalid_retry_or_dismissal_is_refused(
    refused: CommandLine, words: tuple[str, ...], code: ExitCode, says: str
) -> None:
    assert refused.run(*words) == code
    assert says in refused.stderr
    assert refusals(refused) == ["the Director refused 3 events for good: HTTP 422: no"]
