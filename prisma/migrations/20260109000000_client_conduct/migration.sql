-- AlterTable
ALTER TABLE "clients" ADD COLUMN     "clock_at" TIMESTAMPTZ(3),
ADD COLUMN     "clock_offset_ms" BIGINT,
ADD COLUMN     "crashed_at" TIMESTAMPTZ(3),
ADD COLUMN     "crashes" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "over_quota" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "over_quota_at" TIMESTAMPTZ(3),
ADD COLUMN     "overdue" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "overdue_at" TIMESTAMPTZ(3);
