from django.apps import AppConfig


class FixDeskConfig(AppConfig):
    name = "fixdesk"
    default_auto_field = "django.db.models.BigAutoField"
