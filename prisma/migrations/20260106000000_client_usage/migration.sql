-- CreateTable
CREATE TABLE "client_usage" (
    "client_id" TEXT NOT NULL,
    "bytes" BIGINT NOT NULL DEFAULT 0,
    "objects" BIGINT NOT NULL DEFAULT 0,
    "next_bytes" BIGINT NOT NULL DEFAULT 0,
    "next_objects" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "client_usage_pkey" PRIMARY KEY ("client_id")
);

-- CreateTable
CREATE TABLE "orphans" (
    "key" TEXT NOT NULL,
    "bytes" BIGINT NOT NULL,
    "client_id" TEXT,
    "flow_id" TEXT,
    "first_seen_at" TIMESTAMPTZ(3) NOT NULL,
    "seen_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "orphans_pkey" PRIMARY KEY ("key")
);

-- CreateIndex
CREATE INDEX "orphans_first_seen_at_idx" ON "orphans"("first_seen_at");

-- CreateIndex
CREATE INDEX "orphans_client_id_idx" ON "orphans"("client_id");
