from pathlib import Path

from gateway.fix.reference import page

DOCUMENT = Path(__file__).parents[4] / "docs" / "fix" / "messages.md"


def test_the_message_reference_is_current() -> None:
    """Write it again with ``python -m gateway.fix.reference > docs/fix/messages.md``."""
    assert DOCUMENT.read_text() == page()
