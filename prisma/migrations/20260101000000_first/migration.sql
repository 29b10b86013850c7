-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateTable
CREATE TABLE "users" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "disabled_at" TIMESTAMPTZ(3),

    CONSTRAINT "users_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "api_tokens" (
    "id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "secret_hash" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "revoked_at" TIMESTAMPTZ(3),
    "last_used_at" TIMESTAMPTZ(3),

    CONSTRAINT "api_tokens_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "grants" (
    "id" TEXT NOT NULL,
    "subject_kind" TEXT NOT NULL,
    "subject_id" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "scope" TEXT NOT NULL,
    "valid_from" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "valid_until" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT NOT NULL,

    CONSTRAINT "grants_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "audit_events" (
    "id" BIGSERIAL NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "actor" TEXT NOT NULL,
    "token_id" TEXT,
    "action" TEXT NOT NULL,
    "object_kind" TEXT NOT NULL,
    "object_id" TEXT,
    "outcome" TEXT NOT NULL,
    "request_id" TEXT,
    "address" TEXT,
    "details" JSONB NOT NULL DEFAULT '{}',

    CONSTRAINT "audit_events_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "idempotency_keys" (
    "principal" TEXT NOT NULL,
    "route" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "body_hash" TEXT NOT NULL,
    "object_id" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "idempotency_keys_pkey" PRIMARY KEY ("principal","route","key")
);

-- CreateTable
CREATE TABLE "clients" (
    "id" TEXT NOT NULL,
    "identity" TEXT NOT NULL,
    "queue" TEXT NOT NULL,
    "registered_at" TIMESTAMPTZ(3) NOT NULL,
    "first_seen_at" TIMESTAMPTZ(3) NOT NULL,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL,
    "acceptance" TEXT NOT NULL DEFAULT 'accepted',
    "tombstone_at" TIMESTAMPTZ(3),
    "hostname" TEXT NOT NULL DEFAULT '',
    "fqdn" TEXT NOT NULL DEFAULT '',
    "system" TEXT NOT NULL DEFAULT '',
    "os_release" TEXT NOT NULL DEFAULT '',
    "architecture" TEXT NOT NULL DEFAULT '',
    "agent_version" TEXT NOT NULL DEFAULT '',
    "agent_start_at" TIMESTAMPTZ(3),
    "boot_at" TIMESTAMPTZ(3),
    "facts" JSONB NOT NULL DEFAULT '{}',
    "claims" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "capabilities" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "cloned_from" TEXT,
    "startup_at" TIMESTAMPTZ(3) NOT NULL,
    "quarantined" INTEGER NOT NULL DEFAULT 0,
    "change_seq" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "clients_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "client_labels" (
    "client_id" TEXT NOT NULL,
    "label" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "by" TEXT NOT NULL,

    CONSTRAINT "client_labels_pkey" PRIMARY KEY ("client_id","label")
);

-- CreateTable
CREATE TABLE "client_changes" (
    "client_id" TEXT NOT NULL,
    "seq" INTEGER NOT NULL,
    "change" TEXT NOT NULL,
    "by" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "recorded_at" TIMESTAMPTZ(3),

    CONSTRAINT "client_changes_pkey" PRIMARY KEY ("client_id","seq")
);

-- CreateTable
CREATE TABLE "queues" (
    "id" TEXT NOT NULL,
    "wanted_seq" BIGINT NOT NULL DEFAULT 1,
    "published_seq" BIGINT NOT NULL DEFAULT 0,
    "published_at" TIMESTAMPTZ(3),
    "published_version" BIGINT,
    "published_etag" TEXT,
    "published_sha256" TEXT,
    "last_error" TEXT,

    CONSTRAINT "queues_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "flows" (
    "id" TEXT NOT NULL,
    "is_hunt" BOOLEAN NOT NULL,
    "type" TEXT NOT NULL,
    "description" TEXT NOT NULL DEFAULT '',
    "creator" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "ended_at" TIMESTAMPTZ(3),
    "client_id" TEXT,
    "labels" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "entry_state" TEXT NOT NULL DEFAULT 'open',
    "hunt_state" TEXT,
    "request" JSONB NOT NULL,
    "report_skips" BOOLEAN NOT NULL DEFAULT false,
    "change_seq" INTEGER NOT NULL DEFAULT 0,
    "external_ref" TEXT,
    "n_started" INTEGER NOT NULL DEFAULT 0,
    "n_done" INTEGER NOT NULL DEFAULT 0,
    "n_error" INTEGER NOT NULL DEFAULT 0,
    "n_cancelled" INTEGER NOT NULL DEFAULT 0,
    "n_crashed" INTEGER NOT NULL DEFAULT 0,
    "n_rejected" INTEGER NOT NULL DEFAULT 0,
    "n_skipped" INTEGER NOT NULL DEFAULT 0,
    "n_rows" BIGINT NOT NULL DEFAULT 0,
    "stored_bytes" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "flows_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "flow_attempts" (
    "flow_id" TEXT NOT NULL,
    "attempt" INTEGER NOT NULL,
    "spec_digest" TEXT NOT NULL,
    "spec_payload" TEXT NOT NULL,
    "protected_part" TEXT,
    "signature" TEXT,
    "sample_below" TEXT,

    CONSTRAINT "flow_attempts_pkey" PRIMARY KEY ("flow_id","attempt")
);

-- CreateTable
CREATE TABLE "flow_changes" (
    "flow_id" TEXT NOT NULL,
    "seq" INTEGER NOT NULL,
    "change" TEXT NOT NULL,
    "by" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "entry_state" TEXT NOT NULL,
    "hunt_state" TEXT,
    "recorded_at" TIMESTAMPTZ(3),

    CONSTRAINT "flow_changes_pkey" PRIMARY KEY ("flow_id","seq")
);

-- CreateTable
CREATE TABLE "flow_runs" (
    "flow_id" TEXT NOT NULL,
    "client_id" TEXT NOT NULL,
    "attempt" INTEGER NOT NULL,
    "state" TEXT NOT NULL,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "ticket_key" TEXT NOT NULL,
    "error" TEXT,
    "backtrace" TEXT,
    "progress" JSONB NOT NULL DEFAULT '{}',
    "resources" JSONB NOT NULL DEFAULT '{}',
    "logs" JSONB NOT NULL DEFAULT '[]',
    "rows" BIGINT NOT NULL DEFAULT 0,
    "bytes" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "flow_runs_pkey" PRIMARY KEY ("flow_id","client_id")
);

-- CreateTable
CREATE TABLE "collections" (
    "id" TEXT NOT NULL,
    "flow_id" TEXT NOT NULL,
    "client_id" TEXT NOT NULL,
    "attempt" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "etag" TEXT NOT NULL,
    "stored_bytes" BIGINT NOT NULL,
    "stored_sha256" TEXT NOT NULL,
    "content_bytes" BIGINT NOT NULL,
    "content_sha256" TEXT NOT NULL,
    "schema" JSONB NOT NULL,
    "row_counts" JSONB NOT NULL,
    "rows" BIGINT NOT NULL,
    "dropped_columns" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "null_coerced" BIGINT NOT NULL DEFAULT 0,
    "reported_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "collections_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "tickets_seen" (
    "key" TEXT NOT NULL,
    "client_id" TEXT NOT NULL,
    "nonce" TEXT NOT NULL,
    "seq" BIGINT NOT NULL,
    "etag" TEXT NOT NULL,
    "last_modified" TIMESTAMPTZ(3) NOT NULL,
    "flow_id" TEXT,
    "verdict" TEXT NOT NULL,
    "reason" TEXT,
    "seen_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "archived_at" TIMESTAMPTZ(3),

    CONSTRAINT "tickets_seen_pkey" PRIMARY KEY ("key")
);

-- CreateTable
CREATE TABLE "quarantine_entries" (
    "id" BIGSERIAL NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "key" TEXT NOT NULL,
    "etag" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "detail" TEXT NOT NULL,
    "client_id" TEXT,
    "flow_id" TEXT,
    "archive_key" TEXT,

    CONSTRAINT "quarantine_entries_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "users_name_key" ON "users"("name");

-- CreateIndex
CREATE INDEX "api_tokens_user_id_idx" ON "api_tokens"("user_id");

-- CreateIndex
CREATE UNIQUE INDEX "grants_subject_kind_subject_id_role_scope_key" ON "grants"("subject_kind", "subject_id", "role", "scope");

-- CreateIndex
CREATE INDEX "audit_events_object_kind_object_id_id_idx" ON "audit_events"("object_kind", "object_id", "id");

-- CreateIndex
CREATE INDEX "audit_events_actor_id_idx" ON "audit_events"("actor", "id");

-- CreateIndex
CREATE INDEX "idempotency_keys_created_at_idx" ON "idempotency_keys"("created_at");

-- CreateIndex
CREATE UNIQUE INDEX "clients_queue_key" ON "clients"("queue");

-- CreateIndex
CREATE INDEX "clients_last_seen_at_idx" ON "clients"("last_seen_at");

-- CreateIndex
CREATE INDEX "clients_hostname_idx" ON "clients"("hostname");

-- CreateIndex
CREATE INDEX "client_labels_label_client_id_idx" ON "client_labels"("label", "client_id");

-- CreateIndex
CREATE INDEX "flows_is_hunt_created_at_idx" ON "flows"("is_hunt", "created_at");

-- CreateIndex
CREATE INDEX "flows_client_id_created_at_idx" ON "flows"("client_id", "created_at");

-- CreateIndex
CREATE INDEX "flows_entry_state_idx" ON "flows"("entry_state");

-- CreateIndex
CREATE INDEX "flow_runs_client_id_idx" ON "flow_runs"("client_id");

-- CreateIndex
CREATE INDEX "flow_runs_flow_id_finished_at_idx" ON "flow_runs"("flow_id", "finished_at");

-- CreateIndex
CREATE UNIQUE INDEX "collections_key_key" ON "collections"("key");

-- CreateIndex
CREATE INDEX "collections_flow_id_name_client_id_idx" ON "collections"("flow_id", "name", "client_id");

-- CreateIndex
CREATE INDEX "collections_client_id_idx" ON "collections"("client_id");

-- CreateIndex
CREATE INDEX "tickets_seen_archived_at_seen_at_idx" ON "tickets_seen"("archived_at", "seen_at");

-- CreateIndex
CREATE UNIQUE INDEX "tickets_seen_client_id_nonce_seq_key" ON "tickets_seen"("client_id", "nonce", "seq");

-- CreateIndex
CREATE INDEX "quarantine_entries_client_id_id_idx" ON "quarantine_entries"("client_id", "id");

-- CreateIndex
CREATE INDEX "quarantine_entries_flow_id_id_idx" ON "quarantine_entries"("flow_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "quarantine_entries_key_etag_reason_key" ON "quarantine_entries"("key", "etag", "reason");

-- AddForeignKey
ALTER TABLE "api_tokens" ADD CONSTRAINT "api_tokens_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "client_labels" ADD CONSTRAINT "client_labels_client_id_fkey" FOREIGN KEY ("client_id") REFERENCES "clients"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "client_changes" ADD CONSTRAINT "client_changes_client_id_fkey" FOREIGN KEY ("client_id") REFERENCES "clients"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "flow_attempts" ADD CONSTRAINT "flow_attempts_flow_id_fkey" FOREIGN KEY ("flow_id") REFERENCES "flows"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "flow_changes" ADD CONSTRAINT "flow_changes_flow_id_fkey" FOREIGN KEY ("flow_id") REFERENCES "flows"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "flow_runs" ADD CONSTRAINT "flow_runs_flow_id_fkey" FOREIGN KEY ("flow_id") REFERENCES "flows"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "flow_runs" ADD CONSTRAINT "flow_runs_client_id_fkey" FOREIGN KEY ("client_id") REFERENCES "clients"("id") ON DELETE CASCADE ON UPDATE CASCADE;


-- The audit log is insert-only: no role but the owner may change it, and triggers refuse even the owner.
CREATE FUNCTION "audit_events_refuse_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'audit_events is insert-only' USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER "audit_events_no_update_or_delete" BEFORE UPDATE OR DELETE ON "audit_events"
  FOR EACH ROW EXECUTE FUNCTION "audit_events_refuse_change"();

CREATE TRIGGER "audit_events_no_truncate" BEFORE TRUNCATE ON "audit_events"
  FOR EACH STATEMENT EXECUTE FUNCTION "audit_events_refuse_change"();

DO $$
DECLARE
  grantee_name text;
BEGIN
  FOR grantee_name IN
    SELECT DISTINCT g.grantee FROM information_schema.role_table_grants g
    WHERE g.table_schema = current_schema() AND g.table_name = 'audit_events' AND g.grantee <> current_user
  LOOP
    EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON "audit_events" FROM %I', grantee_name);
  END LOOP;
END
$$;
