from pathlib import Path

from gateway.fix.desk import Desk
from gateway.fix.messages import IN, MESSAGES, page
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
