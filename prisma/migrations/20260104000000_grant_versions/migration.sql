-- What a user or a token may do has a version, so that processes keep grants and read them again when they change.
-- Random, so that it is never that of other grants, not even after an older backup was restored.

-- AlterTable
ALTER TABLE "api_tokens" ADD COLUMN     "grants_version" UUID NOT NULL DEFAULT gen_random_uuid();

-- AlterTable
ALTER TABLE "users" ADD COLUMN     "grants_version" UUID NOT NULL DEFAULT gen_random_uuid();

-- In the transaction of the change, whoever makes it.
CREATE FUNCTION "grants_changed"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE "users" SET "grants_version" = gen_random_uuid()
    WHERE "id" IN (SELECT "subject_id" FROM "changed" WHERE "subject_kind" = 'user');
  UPDATE "api_tokens" SET "grants_version" = gen_random_uuid()
    WHERE "id" IN (SELECT "subject_id" FROM "changed" WHERE "subject_kind" = 'token');
  RETURN NULL;
END
$$;

CREATE FUNCTION "grants_truncated"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE "users" SET "grants_version" = gen_random_uuid();
  UPDATE "api_tokens" SET "grants_version" = gen_random_uuid();
  RETURN NULL;
END
$$;

CREATE TRIGGER "grants_inserted" AFTER INSERT ON "grants"
  REFERENCING NEW TABLE AS "changed" FOR EACH STATEMENT EXECUTE FUNCTION "grants_changed"();

CREATE TRIGGER "grants_deleted" AFTER DELETE ON "grants"
  REFERENCING OLD TABLE AS "changed" FOR EACH STATEMENT EXECUTE FUNCTION "grants_changed"();

-- Both: who had it before, and who has it now.
CREATE TRIGGER "grants_updated_from" AFTER UPDATE ON "grants"
  REFERENCING OLD TABLE AS "changed" FOR EACH STATEMENT EXECUTE FUNCTION "grants_changed"();

CREATE TRIGGER "grants_updated_to" AFTER UPDATE ON "grants"
  REFERENCING NEW TABLE AS "changed" FOR EACH STATEMENT EXECUTE FUNCTION "grants_changed"();

CREATE TRIGGER "grants_truncated" AFTER TRUNCATE ON "grants"
  FOR EACH STATEMENT EXECUTE FUNCTION "grants_truncated"();
