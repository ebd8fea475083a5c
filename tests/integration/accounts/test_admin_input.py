"""What an administrator types, good and bad."""

import pytest

from accounts.models import FirmKind, Role, User
from audit.models import AuditRecord
from tests.integration.accounts.builders import PASSWORD, build_firm, build_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(client):
    client.force_login(build_user(build_firm("House", FirmKind.HOUSE), "root", Role.ADMIN))
    return client


def test_a_user_is_added_and_recorded_without_the_password(root):
    firm = build_firm()
    form = {
        "username": "eve", "password1": PASSWORD, "password2": PASSWORD, "firm": firm.pk, "role": "trader",
        "usable_password": "true",
    }  # fmt: skip
    assert root.post("/admin/accounts/user/add/", form).status_code == 302
    assert User.objects.get(username="eve").check_password(PASSWORD)
    record = AuditRecord.objects.get(action="user.created", via="admin")
    assert record.after == {"username": "eve", "firm": "Aurora"}


@pytest.mark.parametrize("query", ["user/?role__exact=%00", "apikey/?key_id__exact=%00", "firm/?kind__exact=a%00"])
def test_a_nul_in_a_filter_is_named(root, query):
    response = root.get(f"/admin/accounts/{query}")
    assert (response.status_code, response["Location"].partition("?")[2]) == (302, "e=1")
