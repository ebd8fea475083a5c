import msgspec

from wire.client import MassQuoteEntry, SubmitQuote

OF_THE_WHOLE = {"command_id", "account_id"}


def test_a_quote_of_many_has_the_shape_of_a_single_one():
    """Two structs cannot share fields and one of them be a command, so that the sameness is held here."""
    single = {field.name: field for field in msgspec.structs.fields(SubmitQuote) if field.name not in OF_THE_WHOLE}
    many = {field.name: field for field in msgspec.structs.fields(MassQuoteEntry)}
    assert many.keys() == single.keys()
    for name, field in many.items():
        assert (field.type, field.default) == (single[name].type, single[name].default), name
