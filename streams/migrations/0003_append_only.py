"""Facts are never changed and their heads never go back."""

from django.db import migrations

CREATE = """
CREATE FUNCTION streams_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: facts are append-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER fact_append_only BEFORE UPDATE OR DELETE ON streams_fact
    FOR EACH ROW EXECUTE FUNCTION streams_refuse_change();
CREATE TRIGGER fact_no_truncate BEFORE TRUNCATE ON streams_fact
    FOR EACH STATEMENT EXECUTE FUNCTION streams_refuse_change();

CREATE FUNCTION streams_head_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.firm_id = OLD.firm_id AND NEW.sequence >= OLD.sequence THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% of % is refused: a fact stream only goes forward', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER fact_head_forward BEFORE UPDATE OR DELETE ON streams_facthead
    FOR EACH ROW EXECUTE FUNCTION streams_head_forward();
CREATE TRIGGER fact_head_no_truncate BEFORE TRUNCATE ON streams_facthead
    FOR EACH STATEMENT EXECUTE FUNCTION streams_head_forward();
"""

DROP = """
DROP TRIGGER fact_append_only ON streams_fact;
DROP TRIGGER fact_no_truncate ON streams_fact;
DROP TRIGGER fact_head_forward ON streams_facthead;
DROP TRIGGER fact_head_no_truncate ON streams_facthead;
DROP FUNCTION streams_refuse_change();
DROP FUNCTION streams_head_forward();
"""


class Migration(migrations.Migration):
    dependencies = [("streams", "0002_event_index")]
    operations = [migrations.RunSQL(CREATE, DROP)]
