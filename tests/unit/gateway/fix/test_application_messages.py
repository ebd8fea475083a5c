from pathlib import Path

from gateway.fix.desk import Desk
from gateway.fix.messages import IN, MESSAGES, page
from gateway.fix.rules import GRANTS_BY_TYPE
from tests.unit.gateway.fix.order_desk import FixDesk

DOCUMENT = Path(__file__).parents[4] / "docs" / "fix" / "application-messages.md"


def test_the_reference_of_application_messages_is_current():
    """Write it again with ``python -m gateway.fix.messages > docs/fix/application-messages.md``."""
    assert DOCUMENT.read_text() == page()


def test_every_message_that_the_desk_answers_is_in_the_table(tmp_path):
    fix = FixDesk.opened(tmp_path)
    assert isinstance(fix.desk, Desk)
    assert fix.desk.types() == {message.type for message in MESSAGES if message.direction == IN}
    fix.engine.stop()


def test_grants_in_the_table_are_those_that_are_asked_for():
    told = {message.type: message.grant.replace(",", " or").split(" or ") for message in MESSAGES}
    asked = {kind: sorted(grants) for kind, grants in GRANTS_BY_TYPE.items() if kind in told}
    assert asked == {message.type: told[message.type] for message in MESSAGES if message.direction == IN}
