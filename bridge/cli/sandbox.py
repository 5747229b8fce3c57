"""`execution-officer sandbox-director`: a Director to try things against."""

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
    "--port", type=click.IntRange(0, 65_535), default=5780, show_default=True, help="0: any that is free."
)
@click.option(
    "--api-key-env",
    required=True,
    metavar="NAME",
    help="The environment variable with the API key that it asks for.",
)
@click.option(
    "--listing",
    type=click.Choice([listing.value for listing in Listing]),
    default=Listing.UNTIL_RECEIVED.value,
    show_default=True,
    help="How long a directive stays in the answer to a poll.",
)
@json_option
def sandbox_director(port: int, api_key_env: str, listing: str, as_json: bool) -> None:
    """Run a Director for trials until Ctrl-C.

    It listens on this machine alone. Prints its URL once it takes connections. It keeps nothing when it ends.
    """
    api_key = api_key_from_environment(api_key_env)

    def ready(url: str) -> None:
        click.echo(json.dumps({"url": url}) if as_json else f"Sandbox Director on {url}")

    try:
        run_sandbox(port, api_key.reveal(), ready, listing=Listing(listing))
    except OSError as error:
        raise Failure(
            ExitCode.ENDPOINT,
            f"--port {port}: cannot listen on {HOST}:{port} ({error.strerror}). Take another port; 0 is any "
            "that is free",
        ) from error
