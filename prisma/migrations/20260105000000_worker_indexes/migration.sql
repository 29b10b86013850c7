-- CreateIndex
CREATE INDEX "clients_registered_at_idx" ON "clients"("registered_at");

-- CreateIndex
CREATE INDEX "queues_published_at_idx" ON "queues"("published_at");

-- CreateIndex
CREATE INDEX "quarantine_entries_archive_key_id_idx" ON "quarantine_entries"("archive_key", "id");

-- What the worker asks for every few seconds is nearly nothing of these tables; Prisma's schema has no partial indexes.
CREATE INDEX "queues_behind_idx" ON "queues"("id") WHERE "wanted_seq" > "published_seq";
CREATE INDEX "flows_started_idx" ON "flows"("expires_at") WHERE "n_started" > 0;
