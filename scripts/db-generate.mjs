import { generateClient } from './support/prisma-client.mjs';
import { helpOrContinue } from './support/project.mjs';

helpOrContinue('db-generate: generates apps/api/src/generated/prisma from prisma/schema.prisma, without a download');
process.exitCode = generateClient();
