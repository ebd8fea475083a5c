"""The stock admin for firms, desks, users, accounts and keys; every change leaves its audit record."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.admin import UserAdmin as StockUserAdmin
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from accounts import services
from accounts.models import Account, ApiKey, Desk, Firm, FixSession, LegalEntity, LegalEntityMove, User
from common import clock, db
from common.actor import Actor
from common.errors import Refusal

admin.site.site_header = admin.site.site_title = "Parley administration"
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]  # as allauth documents it

_SECRET_FIELDS = frozenset({"password", "last_login", "secret_sha256"})


class ListingAdmin(admin.ModelAdmin):
    """A NUL in a filter is as wrong as an unknown filter; PostgreSQL would refuse it with an error."""

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        if any("\x00" in value for values in request.GET.lists() for value in values[1]):
            raise IncorrectLookupParameters
        return super().get_changelist_instance(request)


class AuditedAdmin(ListingAdmin):
    """Nothing is deleted here: what exists is referred to by the ledger and the audit trail."""

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Model, form: ModelForm, change: bool) -> None:  # noqa: FBT001 - Django's signature
        with db.unit_of_work():
            super().save_model(request, obj, form, change)
            services.note_administered(
                entity=obj,
                fields={name: str(getattr(obj, name)) for name in form.changed_data if name in _told_fields(obj)},
                is_new=not change,
                actor=_actor(request),
                at=clock.now(),
            )


@admin.register(LegalEntity)
class LegalEntityAdmin(AuditedAdmin):
    """Whose firms do not trade with each other."""

    list_display = ("name", "lei")
    search_fields = ("name", "lei")


@admin.register(Firm)
class FirmAdmin(AuditedAdmin):
    list_display = ("name", "kind", "legal_entity")
    list_select_related = ("legal_entity",)
    list_filter = ("kind",)
    search_fields = ("name",)
    readonly_fields = ("legal_entity",)


class LegalEntityMoveForm(ModelForm):
    """What cannot be proposed is said beside the field."""

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        if values.get("firm") is not None:
            try:
                services.check_legal_entity_move(values["firm"], values.get("legal_entity"))
            except Refusal as refusal:
                raise ValidationError(refusal.message) from refusal
        return values


@admin.register(LegalEntityMove)
class LegalEntityMoveAdmin(ListingAdmin):
    """Who trades with whom is nobody's to decide alone: one administrator proposes here, another one decides."""

    list_display = ("__str__", "state", "reason", "proposed_by", "proposed_at", "decided_by", "decided_at")
    list_select_related = ("firm", "legal_entity", "proposed_by", "decided_by")
    list_filter = ("state",)
    search_fields = ("firm__name", "legal_entity__name")
    fields = ("firm", "legal_entity", "reason")
    form = LegalEntityMoveForm
    actions = ("approve", "refuse")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """A proposal is decided, not edited."""
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Model, form: ModelForm, change: bool) -> None:  # noqa: FBT001 - Django's signature
        assert isinstance(obj, LegalEntityMove), "this is the page of moves"
        assert isinstance(request.user, User), "an administrator proposes"
        made = services.propose_legal_entity(
            firm=obj.firm,
            legal_entity=obj.legal_entity,
            reason=obj.reason,
            user=request.user,
            actor=_actor(request),
            at=clock.now(),
        )
        obj.pk = made.pk

    @admin.action(description="Approve the selected moves")
    def approve(self, request: HttpRequest, moves: QuerySet[LegalEntityMove]) -> None:
        self._decide(request, moves, is_approved=True)

    @admin.action(description="Refuse the selected moves; one's own are taken back")
    def refuse(self, request: HttpRequest, moves: QuerySet[LegalEntityMove]) -> None:
        self._decide(request, moves, is_approved=False)

    def _decide(self, request: HttpRequest, moves: QuerySet[LegalEntityMove], *, is_approved: bool) -> None:
        assert isinstance(request.user, User), "an administrator decides"
        for move in moves.order_by("pk"):
            try:
                done = services.decide_legal_entity(
                    move_id=move.pk, is_approved=is_approved, user=request.user, actor=_actor(request), at=clock.now()
                )
            except Refusal as refusal:
                self.message_user(request, f"{move}: {refusal.message}", messages.ERROR)
            else:
                self.message_user(request, f"{move}: {done.state}.")


class PlacedAdmin(AuditedAdmin):
    """What belongs to a firm stays where it was created: facts, fills and the gateway's attribution name its place."""

    place: tuple[str, ...] = ("firm",)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return self.place if obj is not None else ()


@admin.register(Desk)
class DeskAdmin(PlacedAdmin):
    list_display = ("name", "firm")
    list_select_related = ("firm",)
    search_fields = ("name", "firm__name")


@admin.register(Account)
class AccountAdmin(PlacedAdmin):
    place = ("firm", "desk")
    list_display = ("name", "firm", "desk")
    list_select_related = ("firm", "desk__firm")
    search_fields = ("name", "firm__name")


@admin.register(User)
class UserAdmin(AuditedAdmin, StockUserAdmin):
    """A change of role, firm or standing ends the user's sessions, those of FIX where the user may not act any more."""

    list_display = ("username", "firm", "desk", "role", "is_active")
    list_filter = ("role", "is_active", "firm")
    list_select_related = ("firm", "desk__firm")
    ordering = ("username",)
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Place", {"fields": ("firm", "desk", "role")}),
        ("Standing", {"fields": ("is_active", "is_staff", "is_superuser", "last_login")}),
    )
    add_fieldsets = ((None, {"fields": ("username", "password1", "password2", "firm", "desk", "role")}),)
    readonly_fields = ("last_login",)
    actions = ("end_sessions",)

    def save_model(self, request: HttpRequest, obj: Model, form: ModelForm, change: bool) -> None:  # noqa: FBT001 - Django's signature
        assert isinstance(obj, User), "this is the page of users"
        with db.unit_of_work():
            super().save_model(request, obj, form, change)
            if change and {"role", "firm", "is_active", "is_superuser"} & set(form.changed_data):
                reason = "changed by an administrator"
                services.end_sessions(user=obj, actor=_actor(request), at=clock.now(), reason=reason)
                services.publish_fix_sessions_of(obj)

    @admin.action(description="End every session of the selected users")
    def end_sessions(self, request: HttpRequest, users: QuerySet[User]) -> None:
        with db.unit_of_work():
            for user in users:
                services.end_sessions(user=user, actor=_actor(request), at=clock.now(), reason="by an administrator")
        self.message_user(request, "Their sessions have ended.")


@admin.register(ApiKey)
class ApiKeyAdmin(ListingAdmin):
    """Keys are made by their users; an administrator sees that they exist and revokes them."""

    list_display = ("key_id", "user", "created_at", "revoked_at")
    list_select_related = ("user",)
    fields = readonly_fields = ("key_id", "user", "created_at", "revoked_at")
    search_fields = ("key_id", "user__username")
    actions = ("revoke",)

    def has_add_permission(self, request: HttpRequest, *_: Any) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    @admin.action(description="Revoke the selected keys")
    def revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        with db.unit_of_work():
            for key in keys.select_related("user__firm"):
                services.revoke_api_key(user=key.user, key_id=key.key_id, actor=_actor(request), at=clock.now())
        self.message_user(request, "They no longer work.")


@admin.register(FixSession)
class FixSessionAdmin(AuditedAdmin):
    """Sessions are made here for a firm's user; the secret is shown once, after it was made or renewed."""

    list_display = ("name", "version", "user", "account", "is_enabled", "revoked_at")
    list_select_related = ("user__firm", "account__firm")
    list_filter = ("version", "is_enabled")
    search_fields = ("name", "user__username", "user__firm__name")
    exclude = ("secret_sha256", "created_at")
    filter_horizontal = ("other_accounts",)
    actions = ("revoke", "renew_secret")

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return ("revoked_at",) if obj is None else ("revoked_at", "name", "version", "user")

    def save_model(self, request: HttpRequest, obj: Model, form: ModelForm, change: bool) -> None:  # noqa: FBT001 - Django's signature
        assert isinstance(obj, FixSession), "this is the page of FIX sessions"
        if not change:
            obj.created_at, obj.secret_sha256 = clock.now(), b""
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        """The gateway hears of it once the accounts are known too."""
        with db.unit_of_work():
            super().save_related(request, form, formsets, change)
            if change:
                services.publish_fix_session(form.instance)
            else:
                self._show_new_secret(request, form.instance)

    @admin.action(description="Revoke the selected sessions")
    def revoke(self, request: HttpRequest, sessions: QuerySet[FixSession]) -> None:
        for session in sessions.select_related("user__firm"):
            services.revoke_fix_session(session=session, actor=_actor(request), at=clock.now())
        self.message_user(request, "They are logged out and log on no more.")

    @admin.action(description="Give the selected sessions new passwords")
    def renew_secret(self, request: HttpRequest, sessions: QuerySet[FixSession]) -> None:
        for session in sessions.select_related("user__firm", "account"):
            self._show_new_secret(request, session)

    def _show_new_secret(self, request: HttpRequest, session: FixSession) -> None:
        secret = services.renew_fix_secret(session=session, actor=_actor(request), at=clock.now())
        self.message_user(request, f"Password of {session}, shown once: {secret}")


def _told_fields(entity: Model) -> set[str]:
    """What an audit record may say: columns, and of a form's other fields (both passwords) nothing."""
    return {field.name for field in entity._meta.fields} - _SECRET_FIELDS


def _actor(request: HttpRequest) -> Actor:
    assert isinstance(request.user, User), "the admin's pages ask for a sign-in first"
    return Actor(
        user_id=request.user.pk,
        firm_id=request.user.firm_id,
        via="admin",
        remote_address=request.META.get("REMOTE_ADDR", ""),
    )
