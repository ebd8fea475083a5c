import msgspec
import pytest
from django.core.management import CommandError, call_command
from parley_client import messages

from terminal.management.commands import api_reference
from terminal.reference import python_messages, socket_page, vocabulary
from wire import client, facts
from wire.units import Side


def test_pages_and_client_are_up_to_date():
    call_command("api_reference", check=True)


def test_an_outdated_page_is_named(monkeypatch):
    monkeypatch.setitem(api_reference.PAGES, "docs/api/messages.md", lambda: "something new")
    with pytest.raises(CommandError, match=r"docs/api/messages\.md"):
        call_command("api_reference", check=True)


@pytest.mark.parametrize("struct", [s for g in vocabulary.list_groups() for s in g.structs], ids=lambda s: s.__name__)
def test_the_client_has_the_fields_and_tag_of_every_message(struct):
    theirs = getattr(messages, struct.__name__)
    assert theirs.__struct_config__.tag == struct.__struct_config__.tag
    ours = {field.encode_name for field in msgspec.structs.fields(struct)}
    assert {field.encode_name for field in msgspec.structs.fields(theirs)} == ours
    required = {field.encode_name for field in msgspec.structs.fields(struct) if field.required}
    if issubclass(struct, client.Command):
        required.remove("command_id")
    assert {field.encode_name for field in msgspec.structs.fields(theirs) if field.required} == required


def test_what_the_client_encodes_the_server_decodes():
    order = messages.PlaceOrder(
        account_id=7, instrument_name="BTC-PERPETUAL", side=messages.Side.SELL,
        order_type=messages.OrderType.LIMIT, quantity="10", price="80000.5",
    )
    decoded = msgspec.json.decode(msgspec.json.encode(order), type=client.AnyClientMessage)
    assert decoded == client.PlaceOrder(
        command_id=order.command_id, account_id=7, instrument_name="BTC-PERPETUAL", side=Side.SELL,
        order_type="limit", quantity="10", price="80000.5",
    )


def test_what_the_server_encodes_the_client_decodes_and_tolerates_what_is_new():
    fact = msgspec.to_builtins(facts.BalanceChanged(
        balance=facts.BalanceView(account_id=1, asset="BTC", posted="1.5", pending="0")
    ))
    fact["balance"]["of_a_later_version"] = 1
    decoded = msgspec.json.decode(msgspec.json.encode(fact), type=messages.AnyFact)
    assert decoded.balance.posted == "1.5"


def test_the_page_lists_every_message_with_every_field():
    page = socket_page.write()
    for group in vocabulary.list_groups():
        for struct in group.structs:
            heading = f"({struct.__name__})" if vocabulary.tag(struct) else f"### {struct.__name__}\n"
            section = page.split(heading, 1)[1].split("\n### ", 1)[0]
            for field in vocabulary.fields(struct):
                assert f"| `{field.name}` |" in section, (struct, field.name)


@pytest.mark.parametrize(
    ("hint", "text"),
    [
        (int | None, "int | None"),
        (list[str], "list[str]"),
        (tuple[str, str], "tuple[str, str]"),
        (dict[str, dict[str, float]], "dict[str, dict[str, float]]"),
        (msgspec.Raw | None, "msgspec.Raw | None"),
        (client.QuantityText, "str"),
        (Side, "Side"),
    ],
)
def test_types_are_written_as_source(hint, text):
    assert python_messages.hint_text(hint) == text
