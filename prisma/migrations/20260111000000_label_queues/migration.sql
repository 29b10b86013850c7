-- The few rows of labels among those of all clients; Prisma's schema has no partial indexes.
CREATE INDEX "queues_labels_idx" ON "queues"("id") WHERE "id" LIKE 'label:%';
