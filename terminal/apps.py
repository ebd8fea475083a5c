from django.apps import AppConfig


class TerminalConfig(AppConfig):
    name = "terminal"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """The Celery application, so that tasks sent from any process find the broker of the settings."""
        import terminal.celery  # noqa: F401 - imported for its effect, once the settings are ready
