-- DropIndex
DROP INDEX "collected_files_flow_id_client_id_id_idx";

-- CreateIndex
CREATE INDEX "collected_files_flow_id_id_idx" ON "collected_files"("flow_id", "id");

-- CreateIndex
CREATE INDEX "client_usage_bytes_client_id_idx" ON "client_usage"("bytes", "client_id");
