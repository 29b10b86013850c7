-- CreateTable
CREATE TABLE "worker_notes" (
    "name" TEXT NOT NULL,
    "note" JSONB NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "worker_notes_pkey" PRIMARY KEY ("name")
);
