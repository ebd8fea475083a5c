"""What the apps offer is all taken up, and nothing that a client may send is without somebody who answers it."""

from pathlib import Path
from typing import get_args

import msgspec

from terminal import registry
from wire import client, gateway

ROOT = Path(__file__).parents[3]
ANSWERED_BY_THE_SOCKET = {client.Subscribe, client.Unsubscribe, client.Acknowledge, client.Resume, client.Ping}


def apps_with(module: str) -> set[str]:
    return {path.parent.name for path in ROOT.glob(f"*/{module}.py")}


def test_every_router_and_handler_module_is_registered() -> None:
    assert apps_with("api") - {"terminal"} == set(registry.API_APPS)
    assert apps_with("handlers") == set(registry.HANDLER_APPS)


def test_every_command_has_a_handler() -> None:
    messages = set(get_args(client.AnyClientMessage))
    assert registry.socket_handlers().keys() == messages - ANSWERED_BY_THE_SOCKET


def test_every_event_that_changes_something_has_a_handler() -> None:
    idle = {gateway.InstrumentSettled}
    assert set(get_args(gateway.AnyGatewayEvent)) - registry.gateway_handlers().keys() <= idle


def test_handlers_run_bottom_up() -> None:
    order = [handler.__module__.split(".")[0] for handler in registry.gateway_handlers()[gateway.InstrumentDelivered]]
    assert order == sorted(order, key=registry.HANDLER_APPS.index)


def test_commands_need_an_id_and_forbid_the_unknown() -> None:
    for command in registry.socket_handlers():
        assert issubclass(command, client.Command)
        assert msgspec.inspect.type_info(command).forbid_unknown_fields
