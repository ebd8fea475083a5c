"""The database itself refuses to change a record, and lets heads only go forward."""

from django.db import migrations

TABLES = ("audit_auditrecord", "audit_auditcheckpoint")

FUNCTIONS = """
CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: the audit trail is append-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION audit_head_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.stream = OLD.stream AND NEW.sequence >= OLD.sequence
        AND (NEW.sequence > OLD.sequence OR NEW.sha256 = OLD.sha256) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% of % is refused: a chain only goes forward', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER head_forward BEFORE UPDATE OR DELETE ON audit_audithead
    FOR EACH ROW EXECUTE FUNCTION audit_head_forward();
CREATE TRIGGER head_no_truncate BEFORE TRUNCATE ON audit_audithead
    FOR EACH STATEMENT EXECUTE FUNCTION audit_head_forward();
"""

TRIGGERS = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
"""

DROP = """
DROP TRIGGER head_forward ON audit_audithead;
DROP TRIGGER head_no_truncate ON audit_audithead;
DROP TRIGGER append_only ON audit_auditrecord;
DROP TRIGGER no_truncate ON audit_auditrecord;
DROP TRIGGER append_only ON audit_auditcheckpoint;
DROP TRIGGER no_truncate ON audit_auditcheckpoint;
DROP FUNCTION audit_refuse_change();
DROP FUNCTION audit_head_forward();
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_checkpoint")]
    operations = [migrations.RunSQL(FUNCTIONS + "".join(TRIGGERS.format(table=table) for table in TABLES), DROP)]
