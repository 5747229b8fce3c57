"""`execution-officer sandbox-director`: a Director for trials."""

import json

import click

from bridge.cli.failure import Failure
from bridge.cli.options import json_option
from bridge.exits import ExitCode
from bridge.keys import api_key_from_environment
from bridge.sandbox.server import HOST, run_sandbox
from bridge.sandbox.state import Listing


@click.command("sandbox-director")
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=5780, show_default=True, help="Port; 0 is any free one."
)
@click.option(
    "--api-key-env",
    required=True,
    metavar="NAME",
    help="Environment variable that holds the API key to require.",
)
@click.option(
    "--listing",
    type=click.Choice([listing.value for listing in Listing]),
    default=Listing.UNTIL_RECEIVED.value,
    show_default=True,
    help="Time for which a directive is listed in answers to polls.",
)
@click.option("--first-order", metavar="ID", help="List a first directive for this officer: buy 0.01 EURUSD.")
@json_option
def sandbox_director(
    port: int, api_key_env: str, listing: str, first_order: str | None, as_json: bool
) -> None:
    """Run a sandbox Director until Ctrl-C.

    It listens on this machine only, prints its URL when it is ready, and keeps nothing after its end.
    """
    api_key = api_key_from_environment(api_key_env)

    def ready(url: str) -> None:
        click.echo(json.dumps({"url": url}) if as_json else f"Sandbox Director on {url}")

    try:
        run_sandbox(port, api_key.reveal(), ready, listing=Listing(listing), first_order=first_order)
    except OSError as error:
        raise Failure(
            ExitCode.ENDPOINT,
            f"--port {port}: cannot listen on {HOST}:{port} ({error.strerror}); give another port, or 0 for any "
            "free one",
        ) from error
