-- CreateTable
CREATE TABLE "archive_objects" (
    "key" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "archive_objects_pkey" PRIMARY KEY ("key")
);

-- CreateIndex
CREATE INDEX "archive_objects_at_idx" ON "archive_objects"("at");

-- What a database that was in use before archived is not compared; that of a new one is.
INSERT INTO "worker_notes" ("name", "note", "at")
SELECT 'ledger_compared', '{}', now() WHERE EXISTS (SELECT 1 FROM "clients") OR EXISTS (SELECT 1 FROM "tickets_seen");
