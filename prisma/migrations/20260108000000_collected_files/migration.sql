-- CreateTable
CREATE TABLE "collected_files" (
    "id" TEXT NOT NULL,
    "flow_id" TEXT NOT NULL,
    "client_id" TEXT NOT NULL,
    "attempt" INTEGER NOT NULL,
    "path" TEXT NOT NULL,
    "path_bytes" BYTEA NOT NULL,
    "key" TEXT NOT NULL,
    "etag" TEXT NOT NULL,
    "stored_bytes" BIGINT NOT NULL,
    "stored_sha256" TEXT NOT NULL,
    "content_bytes" BIGINT NOT NULL,
    "content_sha256" TEXT NOT NULL,
    "parts" INTEGER,
    "reported_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "collected_files_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "collected_files_key_key" ON "collected_files"("key");

-- CreateIndex
CREATE INDEX "collected_files_flow_id_client_id_id_idx" ON "collected_files"("flow_id", "client_id", "id");

-- CreateIndex
CREATE INDEX "collected_files_client_id_id_idx" ON "collected_files"("client_id", "id");
