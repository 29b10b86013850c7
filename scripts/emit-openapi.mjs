// Writes docs/openapi.json from the routes of the API, or checks that it is up to date.
import { emitDoc } from './support/emit-doc.mjs';

await emitDoc({
  script: 'emit-openapi',
  file: 'openapi.json',
  text: async (app) => {
    const { openApiDocument } = await import('../dist/apps/api/src/http-app.js');
    return `${JSON.stringify(openApiDocument(app), null, 2)}\n`;
  },
});
