"""Client of the web server of a rig's sidecar."""

import http.client
from contextlib import closing

from prometheus_client.parser import text_string_to_metric_families

from tests.rig.deadline import Deadline
from tests.rig.ports import HOST, free_port
from tests.rig.rig import Rig
from tests.rig.world import OFFICER


class Web:
    """Client of the web server."""

    def __init__(self, rig: Rig, **settings: str) -> None:
        """`settings`: further ones of [web]."""
        self.port = free_port()
        self.url = f"http://{HOST}:{self.port}"
        rig.configure(web={"port": self.port, **settings})

    def get(self, path: str, host: str | None = None) -> tuple[int, str]:
        """Return status and text of an answer."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=Deadline().left)
        with closing(connection):
            connection.request("GET", path, headers={} if host is None else {"Host": host})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def metrics(self) -> str:
        """Return the text of the metrics."""
        status, text = self.get("/metrics")
        assert status == 200, text
        return text

    def metrics_with(self, name: str, least: float, **labels: str) -> str:
        """Ask until a sample has at least that value; return the metrics."""
        deadline = Deadline()
        while value(text := self.metrics(), name, **labels) < least:
            assert not deadline.over, text
        return text


def value(text: str, name: str, **labels: str) -> float:
    """Return the value of one sample; 0 where it is absent."""
    wanted = {"officer": OFFICER, **labels}
    return next(
        (
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == f"execution_officer_{name}" and sample.labels == wanted
        ),
        0.0,
    )
