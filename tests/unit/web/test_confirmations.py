"""Commands that wait for their second question."""

from itertools import count

from bridge.sidecar.operator.halt import HaltRequest
from bridge.web.confirmations import MOST_WAITING, Confirmations


def test_oldest_confirmation_makes_room() -> None:
    numbers = count()
    made = Confirmations(lambda: str(next(numbers)), lambda: 0.0)
    asked = [HaltRequest(why=str(number)) for number in range(MOST_WAITING + 1)]
    ids = [made.add(each) for each in asked]
    assert [made.take(each) for each in ids] == [None, *asked[1:]]
